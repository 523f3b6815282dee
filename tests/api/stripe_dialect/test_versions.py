"""Programs that were written for older versions of the API, told by `Stripe-Version`."""

from __future__ import annotations

from typing import Any, Final

import httpx
import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.payer import SHOP, Payer
from tests.api.stripe_dialect.test_checkout_page import opened

BY_CARD: Final[dict[str, Any]] = {"payment_method": "pm_card_visa", "confirm": True}


class Older:
    """Sends requests with an older version, whose answers today's document does not judge."""

    def __init__(self, stripe: Stripe, version: str) -> None:
        self._stripe = Stripe(stripe.client, None)
        self._headers = {"Stripe-Version": version}

    async def post(self, path: str, status: int = 200, /, **parameters: Any) -> dict[str, Any]:
        return await self._stripe.post(path, status, headers=self._headers, **parameters)

    async def get(self, path: str, status: int = 200, /, **parameters: Any) -> dict[str, Any]:
        return await self._stripe.get(path, status, headers=self._headers, **parameters)


@pytest.mark.parametrize("word", ["True", "False"])
async def test_booleans_may_be_written_as_python_writes_them(stripe: Stripe, word: str) -> None:
    intent = await stripe.post(
        "/payment_intents",
        amount=500,
        currency="usd",
        payment_method="pm_card_visa",
        payment_method_types=["card"],
        confirm=word,
    )

    assert intent["status"] == ("succeeded" if word == "True" else "requires_confirmation")


@pytest.mark.parametrize("version", ["2019-05-16", "2022-11-15"])
async def test_before_automatic_methods_an_intent_is_for_cards_and_needs_no_return_url(
    stripe: Stripe, version: str
) -> None:
    older = Older(stripe, version)

    intent = await older.post("/payment_intents", amount=500, currency="usd", **BY_CARD)
    setup = await older.post("/setup_intents", **BY_CARD)

    for each in (intent, setup):
        assert each["status"] == "succeeded"
        assert each["payment_method_types"] == ["card"]
        assert each["automatic_payment_methods"] is None


@pytest.mark.parametrize("version", ["2023-08-16", "2024-06-20", "2025-09-30.clover"])
async def test_since_automatic_methods_they_are_the_default(stripe: Stripe, version: str) -> None:
    newer = Older(stripe, version)

    intent = await newer.post("/payment_intents", amount=500, currency="usd")
    refusal = await newer.post("/payment_intents", 400, amount=500, currency="usd", **BY_CARD)

    assert intent["automatic_payment_methods"] == {"allow_redirects": "always", "enabled": True}
    assert refusal["error"]["param"] == "return_url"


async def test_an_older_version_may_ask_for_automatic_methods(stripe: Stripe) -> None:
    intent = await Older(stripe, "2022-11-15").post(
        "/payment_intents", amount=500, currency="usd", automatic_payment_methods={"enabled": True}
    )

    assert intent["automatic_payment_methods"]["enabled"]


@pytest.mark.parametrize(
    ("version", "method"), [("2023-10-16", "automatic"), ("2024-04-10", "automatic_async")]
)
async def test_the_usual_capture_method_is_the_version_s(stripe: Stripe, version: str, method: str) -> None:
    intent = await Older(stripe, version).post("/payment_intents", amount=500, currency="usd")

    assert intent["capture_method"] == method


async def test_an_intent_once_had_its_charges_and_a_charge_its_refunds(stripe: Stripe) -> None:
    older = Older(stripe, "2022-08-01")
    made = await older.post("/payment_intents", amount=500, currency="usd")
    path = f"/payment_intents/{made['id']}"
    assert made["charges"] == {
        "object": "list",
        "data": [],
        "has_more": False,
        "total_count": 0,
        "url": f"/v1/charges?payment_intent={made['id']}",
    }

    declined = await older.post(f"{path}/confirm", 402, payment_method="pm_card_visa_chargeDeclined")
    paid = await older.post(f"{path}/confirm", payment_method="pm_card_visa")
    refund = await older.post("/refunds", payment_intent=made["id"], amount=200)
    shown = await older.get(path, expand=["charges.data.balance_transaction", "charges.data.refunds"])

    assert [each["status"] for each in declined["error"]["payment_intent"]["charges"]["data"]] == ["failed"]
    charge, failed = paid["charges"]["data"]
    assert (charge["id"], charge["paid"], failed["paid"]) == (paid["latest_charge"], True, False)
    assert charge["refunds"]["data"] == []
    assert [each["id"] for each in shown["charges"]["data"][0]["refunds"]["data"]] == [refund["id"]]
    assert shown["charges"]["data"][0]["balance_transaction"]["amount"] == 500


async def test_what_waits_for_its_payer_is_no_charge_yet(stripe: Stripe) -> None:
    waiting = await Older(stripe, "2022-08-01").post(
        "/payment_intents",
        amount=500,
        currency="usd",
        **{**BY_CARD, "payment_method": "pm_card_threeDSecure2Required"},
    )

    assert (waiting["status"], waiting["charges"]["data"]) == ("requires_action", [])


async def test_what_is_captured_shows_in_the_charges_at_once(stripe: Stripe) -> None:
    older = Older(stripe, "2020-08-27")
    held = await older.post(
        "/payment_intents", amount=500, currency="usd", capture_method="manual", **BY_CARD
    )

    taken = await older.post(f"/payment_intents/{held['id']}/capture", amount_to_capture=300)

    assert [each["captured"] for each in held["charges"]["data"]] == [False]
    assert [each["amount_captured"] for each in taken["charges"]["data"]] == [300]


async def test_what_is_expanded_or_listed_is_of_the_same_version(stripe: Stripe) -> None:
    older = Older(stripe, "2022-08-01")
    paid = await older.post("/payment_intents", amount=500, currency="usd", **BY_CARD)

    charge = await older.get(f"/charges/{paid['latest_charge']}", expand=["payment_intent"])
    page = await older.get("/payment_intents")

    for intent in (charge["payment_intent"], page["data"][0]):
        assert [each["id"] for each in intent["charges"]["data"]] == [paid["latest_charge"]]
        assert intent["invoice"] is None


async def test_what_is_always_null_may_be_expanded(stripe: Stripe) -> None:
    older = Older(stripe, "2024-06-20")
    paid = await older.post("/payment_intents", amount=500, currency="usd", **BY_CARD, return_url=SHOP)
    wanted = ["invoice", "latest_charge.invoice", "latest_charge.invoice.subscription"]

    intent = await older.get(f"/payment_intents/{paid['id']}", expand=wanted)
    charge = await older.get(f"/charges/{paid['latest_charge']}", expand=["invoice"])

    assert (intent["invoice"], intent["latest_charge"]["invoice"], charge["invoice"]) == (None, None, None)
    refusal = await stripe.refused("GET", f"/charges/{paid['latest_charge']}", expand=["invoice"])
    assert refusal["param"] == "expand"


async def test_a_path_leads_through_what_it_brings_in_itself(stripe: Stripe, payer: Payer) -> None:
    older = Older(stripe, "2022-08-01")
    session = await opened(stripe)
    await payer.send((await payer.go(session["url"])).form, email="kim@example.com")

    path = "payment_intent.charges.data"
    shown = await older.get(f"/checkout/sessions/{session['id']}", expand=[f"{path}.customer", path])

    (charge,) = shown["payment_intent"]["charges"]["data"]
    assert (charge["paid"], charge["refunds"]["data"]) == (True, [])


async def test_a_list_that_was_always_there_says_how_many_there_are(stripe: Stripe) -> None:
    older = Older(stripe, "2022-08-01")
    paid = await older.post("/payment_intents", amount=500, currency="usd", **BY_CARD)
    for _ in range(11):
        await older.post("/refunds", payment_intent=paid["id"], amount=10)

    charge = await older.get(f"/charges/{paid['latest_charge']}")
    expanded = await Older(stripe, "2024-06-20").get(f"/charges/{charge['id']}", expand=["refunds"])
    newest = await stripe.get(f"/charges/{charge['id']}", expand=["refunds"])

    assert paid["charges"]["total_count"] == 1
    for refunds in (charge["refunds"], expanded["refunds"]):
        assert (len(refunds["data"]), refunds["has_more"], refunds["total_count"]) == (10, True, 11)
    assert "total_count" not in newest["refunds"]


async def test_a_customer_once_had_its_sources(stripe: Stripe) -> None:
    older = Older(stripe, "2020-03-02")

    made = await older.post("/customers", source="tok_visa")

    assert [each["id"] for each in made["sources"]["data"]] == [made["default_source"]]
    assert (made["sources"]["total_count"], made["tax_ids"]["total_count"]) == (1, 0)
    assert made["subscriptions"]["data"] == made["tax_ids"]["data"] == []
    assert "sources" not in await Older(stripe, "2020-08-27").get(f"/customers/{made['id']}")


async def test_newer_versions_have_none_of_it(stripe: Stripe) -> None:
    paid = await stripe.paid()

    assert "charges" not in paid
    assert "invoice" not in paid
    refusal = await stripe.refused("GET", f"/payment_intents/{paid['id']}", expand=["charges"])
    assert refusal["param"] == "expand"


async def test_the_version_is_no_part_of_an_idempotent_request(stripe: Stripe) -> None:
    headers = {"Idempotency-Key": "k", "Stripe-Version": "2022-08-01"}
    fields = {"amount": "500", "currency": "usd"}

    async def made() -> httpx.Response:
        return await stripe.client.post("/v1/payment_intents", headers=headers, data=fields)

    assert (await made()).content == (await made()).content
