"""The pages for payers that the shop's do not come to, looked at on a narrow phone by a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.async_api import Browser, Error

from tests.e2e.payer import PHONE, visiting
from tests.support.server import RunningServer
from tests.support.stripe_forms import form

INTENTS: Final = "/v1/payment_intents"
SESSIONS: Final = "/v1/checkout/sessions"
LONG: Final = {
    "quantity": 12_000,
    "price_data": {
        "currency": "usd",
        "unit_amount": 1_250,
        "product_data": {"name": f"Tea of {'Llanfairpwllgwyngyllgogerychwyrndrobwll' * 2}"},
    },
}
ASKING: Final = {
    "line_items": [{**LONG, "quantity": 2, "adjustable_quantity": {"enabled": True}}],
    "phone_number_collection": {"enabled": True},
    "shipping_address_collection": {"allowed_countries": ["DE", "US"]},
    "shipping_options": [
        {
            "shipping_rate_data": {
                "display_name": name,
                "fixed_amount": {"amount": 500, "currency": "usd"},
                "type": "fixed_amount",
            }
        }
        for name in ("Standard", "Express")
    ],
}
ASKED: Final = {
    "amount": 5_000,
    "currency": "usd",
    "confirm": True,
    "payment_method": "pm_card_authenticationRequired",
    "allowed_payment_method_types": ["card"],
    "description": "Tea " * 40,
}


SLIP: Final = {
    "amount": 500,
    "currency": "jpy",
    "confirm": True,
    "payment_method_types": ["konbini"],
    "payment_method_data": {
        "type": "konbini",
        "billing_details": {"name": "Ann", "email": "ann@example.com"},
    },
}


class Merchant:
    """Asks for payments, by both dialects."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def asks(self, path: str, **given: Any) -> dict[str, Any]:
        """What Stripe's dialect answers."""
        return self._made(self._client.post(path, data=form(given)))

    def asks_natively(self, **given: Any) -> dict[str, Any]:
        """A payment of the native API."""
        return self._made(self._client.post("/api/v1/payments", json=given))

    @staticmethod
    def _made(answer: httpx.Response) -> dict[str, Any]:
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json()
        return made


@pytest.fixture
def merchant(local_server: RunningServer) -> Iterator[Merchant]:
    """The first merchant of a server."""
    headers = local_server.headers
    with httpx.Client(base_url=local_server.base_url, headers=headers, timeout=20) as client:
        yield Merchant(client)


async def test_every_page_for_payers_is_for_everybody(
    chromium: Browser, merchant: Merchant, tmp_path: Path
) -> None:
    open_session = merchant.asks(
        SESSIONS, mode="payment", success_url="https://shop.example/", line_items=[LONG]
    )
    asking = merchant.asks(SESSIONS, mode="payment", success_url="https://shop.example/", **ASKING)
    setup = merchant.asks(SESSIONS, mode="setup", currency="usd", success_url="https://shop.example/")
    over = merchant.asks(f"{SESSIONS}/{setup['id']}/expire")
    asked = merchant.asks(INTENTS, **ASKED)
    native = merchant.asks_natively(amount=5_000, currency="USD", simulate="requires_action")
    paid = merchant.asks(INTENTS, **{**ASKED, "payment_method": "pm_card_visa", "expand": ["latest_charge"]})
    bank = asked["next_action"]["use_stripe_sdk"]["stripe_js"]

    async with visiting(chromium, tmp_path, screen=PHONE) as payer:
        for address, heading in (
            (open_session["url"], "Checkout"),
            (asking["url"], "Checkout"),
            (session_page(open_session, over), "Checkout"),
            (native["next_action"]["redirect_url"], "Is this you?"),
            (paid["latest_charge"]["receipt_url"], "Receipt"),
            (bank, "Is this you?"),
        ):
            await payer.page.goto(address)
            await payer.sees(heading)
        await payer.page.get_by_role("button", name="Approve", exact=True).click()
        await payer.sees("You have approved this")
        await payer.page.goto(bank)
        await payer.sees("There is nothing left to do here")

    assert (payer.hosts, payer.complaints, payer.barriers) == ({"127.0.0.1"}, [], [])


def session_page(known: dict[str, Any], other: dict[str, Any]) -> str:
    """Where the page of a session is whose own address is no longer told."""
    return str(known["url"]).replace(known["id"], other["id"])


async def test_barriers_and_complaints_are_noticed(chromium: Browser, tmp_path: Path) -> None:
    async with visiting(chromium, tmp_path, screen=PHONE) as payer:
        await payer.page.set_content(
            "<html lang=en><title>A page</title><main><h1>Hello</h1><input>"
            "<p style='width:500px'>wide</p><script>console.error('no')</script></main>"
        )
        await payer.sees("Hello")

    assert [each.partition(" <")[0] for each in payer.barriers] == [
        "Hello: wider than the screen",
        "Hello: label:",
    ]
    assert payer.complaints == ["console: no"]


async def test_the_browser_reaches_no_other_host(chromium: Browser, tmp_path: Path) -> None:
    addresses = ["http://kessai.example/", "http://127.0.0.2/"]
    async with visiting(chromium, tmp_path) as payer:
        for address in addresses:
            with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
                await payer.page.goto(address)

    assert payer.complaints == [f"failed: {each}" for each in addresses]
    assert payer.hosts == {"kessai.example", "127.0.0.2"}


async def test_a_slip_is_paid_and_its_money_sent_back(
    chromium: Browser, merchant: Merchant, local_server: RunningServer, tmp_path: Path
) -> None:
    intent = merchant.asks(INTENTS, **SLIP)
    async with visiting(chromium, tmp_path, screen=PHONE) as payer:
        await payer.page.goto(intent["next_action"]["konbini_display_details"]["hosted_voucher_url"])
        await payer.sees("Your slip")
        await payer.page.get_by_role("button", name="Pay at the store", exact=True).click()
        await payer.page.get_by_text("This payment is CAPTURED").wait_for()

        refund = merchant.asks("/v1/refunds", payment_intent=intent["id"])
        await payer.page.goto(f"{local_server.base_url}/stripe/refunds/{refund['id']}")
        await payer.sees("Your refund")
        await payer.page.get_by_role("button", name="Send it to my account", exact=True).click()
        await payer.page.get_by_text("This refund is pending").wait_for()
