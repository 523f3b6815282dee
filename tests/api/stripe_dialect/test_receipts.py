"""What a charge's receipt_url leads to."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway


async def test_a_receipt_shows_what_was_paid(gateway: Gateway, stripe: Stripe) -> None:
    paid = await stripe.paid(2_000, description="<Order> 7")
    await stripe.post("/refunds", payment_intent=paid["id"], amount=500)
    charge = await stripe.get(f"/charges/{paid['latest_charge']}")

    shown = await gateway.stranger.get(urlsplit(charge["receipt_url"]).path)

    assert shown.status_code == 200
    for text in ("20.00 USD", "5.00 USD", "visa ending in 4242", "&lt;Order&gt; 7", charge["id"]):
        assert text in shown.text


async def test_there_is_none_of_what_failed_or_is_unknown(gateway: Gateway, stripe: Stripe) -> None:
    error = await stripe.refused(
        "POST",
        "/payment_intents",
        402,
        amount=100,
        currency="usd",
        confirm=True,
        payment_method="pm_card_visa_chargeDeclined",
        payment_method_types=["card"],
    )
    charge = await stripe.get(f"/charges/{error['charge']}")
    assert charge["receipt_url"] is None
    for path in (error["charge"], "ch_none", "pi_x"):
        assert (await gateway.stranger.get(f"/stripe/receipts/{path}")).status_code == 404
