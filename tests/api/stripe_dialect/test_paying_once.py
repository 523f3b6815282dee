"""A PaymentMethod of nobody pays once; one that is a customer's, or was set up, pays often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway

VISA = {"type": "card", "card": {"token": "tok_visa"}}


async def made(stripe: Stripe, **data: Any) -> str:
    """A PaymentMethod of nobody's."""
    method = await stripe.post("/payment_methods", **(data or VISA))
    return str(method["id"])


def paying(method: str, **more: Any) -> dict[str, Any]:
    """The parameters of a PaymentIntent that it pays."""
    return {
        "amount": 1_000,
        "currency": "eur",
        "payment_method": method,
        "payment_method_types": ["card", "sepa_debit", "ideal"],
        "return_url": "https://shop.example/back",
        "confirm": True,
        **more,
    }


async def refused(stripe: Stripe, method: str) -> None:
    """It neither pays nor becomes anybody's."""
    customer = await stripe.post("/customers")
    for path, parameters in (
        ("/payment_intents", paying(method)),
        (f"/payment_methods/{method}/attach", {"customer": customer["id"]}),
    ):
        error = await stripe.refused("POST", path, **parameters)
        assert "may not be used again" in error["message"]
    assert (await stripe.get(f"/payment_methods/{method}"))["customer"] is None


@pytest.mark.parametrize("capture_method", ["automatic", "manual"])
async def test_what_is_nobodys_pays_once(stripe: Stripe, capture_method: str) -> None:
    method = await made(stripe)

    intent = await stripe.post("/payment_intents", **paying(method, capture_method=capture_method))

    assert intent["payment_method"] == method
    await refused(stripe, method)


async def test_what_pays_for_a_customer_without_being_theirs_pays_once(stripe: Stripe) -> None:
    customer, method = await stripe.post("/customers"), await made(stripe)

    await stripe.post("/payment_intents", **paying(method, customer=customer["id"]))

    await refused(stripe, method)


async def test_what_was_used_meanwhile_pays_no_intent_that_has_it(stripe: Stripe) -> None:
    # given three intents and a setup with the same method of nobody's
    customer, method = await stripe.post("/customers"), await made(stripe)
    owned = {"customer": customer["id"], "setup_future_usage": "off_session"}
    asked = {"amount": 1_000, "currency": "eur", "payment_method": method, "payment_method_types": ["card"]}
    first, second, third = [
        await stripe.post("/payment_intents", **asked, **more) for more in ({}, {}, owned)
    ]
    setup = await stripe.post(
        "/setup_intents", payment_method=method, customer=customer["id"], payment_method_types=["card"]
    )

    # when one of them is paid
    confirmed = {"return_url": "https://shop.example/back"}
    await stripe.post(f"/payment_intents/{first['id']}/confirm", **confirmed)

    # then the others are not
    for path in (
        f"/payment_intents/{second['id']}",
        f"/payment_intents/{third['id']}",
        f"/setup_intents/{setup['id']}",
    ):
        error = await stripe.refused("POST", f"{path}/confirm", **confirmed)
        assert "may not be used again" in error["message"]
        assert error["param"] == "payment_method"
    await refused(stripe, method)


async def test_what_was_declined_may_be_tried_again(stripe: Stripe) -> None:
    method = await made(stripe, type="card", card={"token": "tok_chargeDeclined"})

    for _ in range(2):
        error = await stripe.refused("POST", "/payment_intents", 402, **paying(method))
        assert error["code"] == "card_declined"


async def test_what_is_asked_first_is_used_up_by_its_answer(gateway: Gateway, stripe: Stripe) -> None:
    method = await made(stripe, type="ideal")
    intent = await stripe.post("/payment_intents", **paying(method))
    page = intent["next_action"]["redirect_to_url"]["url"]

    failed = await gateway.stranger.post(f"{page}&outcome=fail")
    again = await stripe.post(f"/payment_intents/{intent['id']}/confirm", payment_method=method)
    paid = await gateway.stranger.post(f"{page}&outcome=approve")

    assert (failed.status_code, again["status"], paid.status_code) == (303, "requires_action", 303)
    await refused(stripe, method)


async def test_what_settles_later_is_used_up_by_then(gateway: Gateway, stripe: Stripe) -> None:
    bank = {"iban": "DE89370400440532013000"}
    billing = {"name": "Ann", "email": "ann@example.com"}
    method = await made(stripe, type="sepa_debit", sepa_debit=bank, billing_details=billing)
    await stripe.post("/payment_intents", **paying(method))

    await gateway.tick(timedelta(minutes=5))

    await refused(stripe, method)


async def test_what_is_a_customers_pays_often(stripe: Stripe) -> None:
    customer, method = await stripe.post("/customers"), await made(stripe)
    await stripe.post(f"/payment_methods/{method}/attach", customer=customer["id"])

    for _ in range(2):
        intent = await stripe.post("/payment_intents", **paying(method, customer=customer["id"]))
        assert intent["status"] == "succeeded"


@pytest.mark.parametrize("has_customer", [True, False])
async def test_what_is_kept_for_later_pays_again(stripe: Stripe, *, has_customer: bool) -> None:
    method = await made(stripe)
    owner = {"customer": (await stripe.post("/customers"))["id"]} if has_customer else {}

    first = await stripe.post("/payment_intents", **paying(method, setup_future_usage="off_session", **owner))
    again = await stripe.post("/payment_intents", **paying(method, off_session=True, **owner))

    assert (first["status"], again["status"]) == ("succeeded", "succeeded")
