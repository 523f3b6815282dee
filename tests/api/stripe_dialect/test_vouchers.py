"""Vouchers: what their payers are shown, how they are paid or lapse, what the merchant may do meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.payer import Payer
from tests.support.gateway import Gateway

HELD_UP: Final = {"brl": "boleto", "jpy": "konbini", "mxn": "oxxo"}
# The clock of these tests stands at 2026-01-31T12:00:00Z.
LAST_DAYS: Final = {
    "boleto": 1_770_173_999,  # 2026-02-03T23:59:59-03:00
    "konbini": 1_770_130_799,  # 2026-02-03T23:59:59+09:00
    "oxxo": 1_770_184_799,  # 2026-02-03T23:59:59-06:00
}


async def made(stripe: Stripe, kind: str, **more: Any) -> dict[str, Any]:
    """A PaymentIntent whose payer has a voucher."""
    currency = next((each for each, type_ in HELD_UP.items() if type_ == kind), "brl")
    asked = {
        "amount": 1_000,
        "currency": currency,
        "confirm": True,
        "payment_method_data": {"type": kind, "billing_details": {"name": "Ann", "email": "ann@example.com"}},
        "payment_method_types": [kind],
    }
    return await stripe.post("/payment_intents", **{**asked, **more})


def shown(intent: dict[str, Any]) -> dict[str, Any]:
    """What the payer is shown."""
    action = intent["next_action"]
    details: dict[str, Any] = action[action["type"]]
    return details


async def left_checkout(stripe: Stripe, payer: Payer) -> dict[str, Any]:
    """A Checkout session whose payer has left with a voucher."""
    tea = {"currency": "jpy", "unit_amount": 700, "product_data": {"name": "Tea"}}
    session = await stripe.post(
        "/checkout/sessions",
        mode="payment",
        line_items=[{"price_data": tea, "quantity": 1}],
        payment_method_types=["konbini"],
        success_url="https://shop.example/done",
    )
    page = await payer.go(session["url"])
    await payer.send(page.form, email="ann@example.com")
    return session


async def events(stripe: Stripe) -> list[str]:
    """What the merchant was told, oldest first."""
    return [each["type"] for each in (await stripe.get("/events"))["data"]][::-1]


@pytest.mark.parametrize("kind", ["boleto", "oxxo"])
async def test_a_voucher_has_a_number_and_a_page(stripe: Stripe, payer: Payer, kind: str) -> None:
    intent = await made(stripe, kind)

    assert (intent["status"], intent["latest_charge"]) == ("requires_action", None)
    assert intent["next_action"]["type"] == f"{kind}_display_details"
    voucher = shown(intent)
    assert voucher["number"] in (await payer.go(voucher["hosted_voucher_url"])).text
    assert voucher.get("expires_at", voucher.get("expires_after")) == LAST_DAYS[kind]


async def test_a_konbini_voucher_is_good_at_four_stores(stripe: Stripe, payer: Payer) -> None:
    intent = await made(
        stripe, "konbini", payment_method_options={"konbini": {"confirmation_number": "09012345678"}}
    )

    voucher = shown(intent)
    assert voucher["expires_at"] == LAST_DAYS["konbini"]
    assert voucher["stores"].keys() == {"familymart", "lawson", "ministop", "seicomart"}
    for store in voucher["stores"].values():
        assert store["confirmation_number"] == "09012345678"
        assert store["payment_code"] in (await payer.go(voucher["hosted_voucher_url"])).text


async def test_a_multibanco_voucher_has_an_entity_and_a_reference(stripe: Stripe, payer: Payer) -> None:
    intent = await made(stripe, "multibanco", currency="eur")

    voucher = shown(intent)
    assert (len(voucher["entity"]), len(voucher["reference"])) == (5, 9)
    assert voucher["expires_at"] == 1_770_508_799  # 2026-02-07T23:59:59Z
    assert voucher["reference"] in (await payer.go(voucher["hosted_voucher_url"])).text


async def test_a_pix_code_leads_to_its_page(stripe: Stripe, payer: Payer) -> None:
    intent = await made(stripe, "pix", payment_method_options={"pix": {"expires_after_seconds": 600}})

    assert intent["next_action"]["type"] == "pix_display_qr_code"
    code = shown(intent)
    assert code["expires_at"] == intent["created"] + 600
    assert code["data"] == code["hosted_instructions_url"]
    assert "Your slip" in (await payer.go(code["data"])).text


@pytest.mark.parametrize(
    ("kind", "options", "lapses"),
    [
        ("oxxo", {"expires_after_days": 1}, LAST_DAYS["oxxo"] - 2 * 86_400),
        ("boleto", {"expires_after_days": 0}, LAST_DAYS["boleto"] - 3 * 86_400),
        ("konbini", {"expires_after_days": 60}, LAST_DAYS["konbini"] + 57 * 86_400),
        ("konbini", {"expires_at": 1_769_900_000}, 1_769_900_000),
        ("pix", {"expires_at": 1_769_900_000}, 1_769_900_000),
    ],
)
async def test_a_voucher_lapses_when_it_was_said(
    stripe: Stripe, kind: str, options: dict[str, int], lapses: int
) -> None:
    voucher = shown(await made(stripe, kind, payment_method_options={kind: options}))

    assert voucher.get("expires_at", voucher.get("expires_after")) == lapses


@pytest.mark.parametrize(
    ("kind", "name", "days"),
    [
        *(("boleto", "expires_after_days", each) for each in (-1, 61)),
        *(("konbini", "expires_after_days", each) for each in (0, 61, 10**12)),
        *(("oxxo", "expires_after_days", each) for each in (0, 8)),
        *(("pix", "expires_after_seconds", each) for each in (9, 1_209_601)),
    ],
)
async def test_none_lasts_for_ever(stripe: Stripe, kind: str, name: str, days: int) -> None:
    error = await stripe.refused(
        "POST",
        "/payment_intents",
        amount=1_000,
        currency="jpy",
        payment_method_types=[kind],
        payment_method_options={kind: {name: days}},
    )

    assert (error["code"], error["param"]) == (
        "parameter_invalid_integer",
        f"payment_method_options[{kind}][{name}]",
    )


@pytest.mark.parametrize(
    ("kind", "ahead"),
    [("konbini", -1), ("konbini", 1_799), ("konbini", 60 * 86_400 + 1), ("konbini", 10**16), ("pix", 9)],
)
async def test_none_lapses_at_an_odd_moment(gateway: Gateway, stripe: Stripe, kind: str, ahead: int) -> None:
    at = int(gateway.clock.now().timestamp()) + ahead
    method = await stripe.post("/payment_methods", type=kind, billing_details={"email": "ann@example.com"})
    error = await stripe.refused(
        "POST",
        "/payment_intents",
        amount=1_000,
        currency="jpy",
        confirm=True,
        payment_method=method["id"],
        payment_method_types=[kind],
        payment_method_options={kind: {"expires_at": at}},
    )

    assert error["param"] == f"payment_method_options[{kind}][expires_at]"


async def test_a_voucher_lapses_before_its_payer_comes(gateway: Gateway, stripe: Stripe) -> None:
    intent = await made(stripe, "pix", payment_method_options={"pix": {"expires_after_seconds": 10}})

    await gateway.tick(timedelta(seconds=10))

    after = await stripe.get(f"/payment_intents/{intent['id']}")
    assert (after["status"], after["last_payment_error"]["code"]) == (
        "requires_payment_method",
        "payment_intent_payment_attempt_expired",
    )


async def test_a_voucher_that_is_never_paid_lasts_as_long_as_was_said(
    gateway: Gateway, stripe: Stripe
) -> None:
    billing = {"name": "Ann", "email": "fill_never@example.com"}
    intent = await made(
        stripe,
        "oxxo",
        payment_method_data={"type": "oxxo", "billing_details": billing},
        payment_method_options={"oxxo": {"expires_after_days": 7}},
    )
    last_day = datetime.fromtimestamp(shown(intent)["expires_after"], UTC)

    assert await gateway.tick(last_day - gateway.clock.now() - timedelta(seconds=1)) == 0
    assert await gateway.tick(timedelta(seconds=1)) == 1

    assert (await stripe.get(f"/payment_intents/{intent['id']}"))["status"] == "requires_payment_method"


async def test_a_payer_pays_at_the_store(gateway: Gateway, stripe: Stripe, payer: Payer) -> None:
    # given a payer with a voucher, of which the merchant was told
    intent = await made(stripe, "oxxo")
    assert await events(stripe) == ["payment_intent.created", "payment_intent.requires_action"]
    assert (await stripe.get("/charges", payment_intent=intent["id"]))["data"] == []

    # when they pay
    page = await payer.go(shown(intent)["hosted_voucher_url"])
    after = await payer.send(page.form)
    assert "CAPTURED" in after.text

    # then it is a charge
    paid = await stripe.get(f"/payment_intents/{intent['id']}")
    assert (paid["status"], paid["next_action"], paid["amount_received"]) == ("succeeded", None, 1_000)
    assert paid["latest_charge"].startswith("py_")
    assert (await events(stripe))[2:] == ["charge.succeeded", "payment_intent.succeeded"]

    # and it is over
    again = await gateway.stranger.post(shown(intent)["hosted_voucher_url"], params={"outcome": "pay"})
    assert again.status_code == 422
    assert await gateway.tick() == 0


async def test_a_payer_lets_it_lapse(gateway: Gateway, stripe: Stripe) -> None:
    intent = await made(stripe, "konbini")

    url = shown(intent)["hosted_voucher_url"]
    assert (await gateway.stranger.post(url, params={"outcome": "lapse"})).status_code == 200

    after = await stripe.get(f"/payment_intents/{intent['id']}")
    assert (after["status"], after["next_action"]) == ("requires_payment_method", None)
    assert after["last_payment_error"]["code"] == "payment_intent_payment_attempt_expired"
    assert (await events(stripe))[2:] == ["charge.failed", "payment_intent.payment_failed"]


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("/cancel", {}, "canceled"),
        ("", {"amount": 2_000}, "requires_confirmation"),
        ("/confirm", {"payment_method": "pm_card_visa", "payment_method_types": ["card"]}, "succeeded"),
    ],
)
async def test_a_voucher_is_given_up(
    gateway: Gateway, stripe: Stripe, payer: Payer, path: str, parameters: dict[str, Any], status: str
) -> None:
    intent = await made(stripe, "boleto")
    url = shown(intent)["hosted_voucher_url"]

    after = await stripe.post(f"/payment_intents/{intent['id']}{path}", **parameters)

    # whoever pays it now comes too late
    assert after["status"] == status
    late = await gateway.stranger.post(url, params={"outcome": "pay"})
    assert late.status_code == 422
    assert "FAILED" in (await payer.go(url)).text
    assert (await stripe.get(f"/payment_intents/{intent['id']}"))["status"] == status
    await gateway.tick()
    assert (await stripe.get(f"/payment_intents/{intent['id']}"))["status"] == status


async def test_who_may_not_be_asked_gets_no_voucher(stripe: Stripe) -> None:
    error = await stripe.refused(
        "POST",
        "/payment_intents",
        amount=1_000,
        currency="jpy",
        confirm=True,
        error_on_requires_action=True,
        payment_method_data={"type": "konbini", "billing_details": {"name": "A", "email": "a@example.com"}},
        payment_method_types=["konbini"],
    )

    assert error["code"] == "payment_intent_action_required"


async def test_the_banks_page_has_nothing_to_ask(gateway: Gateway, stripe: Stripe) -> None:
    intent = await made(stripe, "oxxo")
    url = f"/stripe/challenge/{intent['id']}"
    secret = {"client_secret": intent["client_secret"]}

    page = await gateway.stranger.get(url, params=secret)
    answer = await gateway.stranger.post(url, params={**secret, "outcome": "approve"})

    for each in (page, answer):
        assert (each.status_code, "nothing left to do" in each.text) == (200, True)
    assert (await stripe.get(f"/payment_intents/{intent['id']}"))["status"] == "requires_action"


async def test_a_checkout_session_is_told_of_a_voucher_that_is_paid(
    gateway: Gateway, stripe: Stripe, payer: Payer
) -> None:
    # given a payer who left Checkout with a voucher
    session = await left_checkout(stripe, payer)
    left = await stripe.get(f"/checkout/sessions/{session['id']}", expand=["payment_intent"])
    assert (left["status"], left["payment_status"]) == ("complete", "unpaid")
    assert (await events(stripe))[-1] == "checkout.session.completed"

    # when they pay
    url = shown(left["payment_intent"])["hosted_voucher_url"]
    await gateway.stranger.post(url, params={"outcome": "pay"})

    # then the shop is told
    assert (await events(stripe))[-1] == "checkout.session.async_payment_succeeded"
    after = await stripe.get(f"/checkout/sessions/{session['id']}")
    assert (after["status"], after["payment_status"]) == ("complete", "paid")


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/cancel", {}),
        ("", {"amount": 2_000}),
        ("/confirm", {"payment_method": "pm_card_visa", "payment_method_types": ["card"]}),
    ],
)
async def test_the_voucher_of_a_checkout_session_is_not_given_up(
    stripe: Stripe, payer: Payer, path: str, parameters: dict[str, Any]
) -> None:
    session = await left_checkout(stripe, payer)
    intent = (await stripe.get(f"/checkout/sessions/{session['id']}"))["payment_intent"]

    error = await stripe.refused("POST", f"/payment_intents/{intent}{path}", **parameters)

    assert session["id"] in error["message"]
    assert (await stripe.get(f"/payment_intents/{intent}"))["status"] == "requires_action"
    described = await stripe.post(f"/payment_intents/{intent}", description="Tea")
    assert (described["status"], described["description"]) == ("requires_action", "Tea")
