"""Every operation there is, walked once: each answer is held against Stripe's own document."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kessai.dialects.stripe.routes import every_route
from kessai.simulation.instruments import OTHER_METHODS
from tests.api.stripe_dialect import walk_checkout
from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway
from tests.support.stripe_schema import judge

CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
BY_CARD: dict[str, Any] = {"payment_method_types": ["card"]}


class Walk:
    """Goes to operations by their templates, ids filled in, and remembers which."""

    def __init__(self, stripe: Stripe) -> None:
        self.stripe = stripe
        self.been: set[tuple[str, str]] = set()

    async def __call__(self, operation: str, *ids: str, status: int = 200, **parameters: Any) -> Any:
        method, template = operation.split(" ")
        self.been.add((method, f"/v1{template}"))
        left = list(ids)
        parts = [left.pop(0) if part.startswith("{") else part for part in template.split("/")]
        send = {"GET": self.stripe.get, "POST": self.stripe.post}
        path = "/".join(parts)
        if method == "DELETE":
            return await self.stripe.delete(path, status)
        return await send[method](path, status, **parameters)


@pytest.mark.skipif(judge() is None, reason="Stripe's OpenAPI document is not beside this checkout")
async def test_every_operation_answers_as_the_document_says(gateway: Gateway, stripe: Stripe) -> None:
    walk = Walk(stripe)
    for part in PARTS:
        await part(walk, gateway)

    declared = {(each.method, each.template) for each in every_route()}
    assert declared - walk.been == set()


async def customers(walk: Walk, _gateway: Gateway) -> None:
    """Customers."""
    made = await walk(
        "POST /customers", email="ann@example.com", address={"city": "Kyoto"}, metadata={"a": "b"}
    )
    await walk("GET /customers/{customer}", made["id"])
    await walk(
        "POST /customers/{customer}",
        made["id"],
        name="Ann",
        shipping={"name": "Ann", "address": {"line1": "Sanjo 1"}},
    )
    await walk("GET /customers", email="ann@example.com")
    await walk("GET /customers/search", query="email:'ann@example.com'")
    await walk("DELETE /customers/{customer}", made["id"])
    await walk("GET /customers/{customer}", made["id"])


async def payments(walk: Walk, gateway: Gateway) -> None:
    """PaymentIntents, charges and refunds."""
    made = await walk(
        "POST /payment_intents", amount=1_000, currency="usd", capture_method="manual", **BY_CARD
    )
    await walk("POST /payment_intents/{intent}", made["id"], payment_method="pm_card_visa", description="Tea")
    await walk("POST /payment_intents/{intent}/confirm", made["id"])
    taken = await walk("POST /payment_intents/{intent}/capture", made["id"], amount_to_capture=900)
    await walk(
        "GET /payment_intents/{intent}", made["id"], expand=["latest_charge.refunds", "payment_method"]
    )
    await walk("GET /payment_intents")
    await walk("GET /payment_intents/search", query="status:'succeeded'")
    options = {"card": {"request_incremental_authorization": "if_available"}}
    held = await walk(
        "POST /payment_intents",
        amount=1_000,
        currency="usd",
        capture_method="manual",
        confirm=True,
        payment_method="pm_card_debit_partialIncrement",
        payment_method_types=["card"],
        payment_method_options=options,
    )
    await walk("POST /payment_intents/{intent}/increment_authorization", held["id"], status=402, amount=1_100)
    given_up = await walk("POST /payment_intents", amount=1_000, currency="usd")
    await walk("POST /payment_intents/{intent}/cancel", given_up["id"])
    asked = await walk(
        "POST /payment_intents",
        amount=1_000,
        currency="usd",
        confirm=True,
        payment_method="pm_card_threeDSecure2Required",
        return_url="https://shop.example/done",
        **BY_CARD,
    )
    assert asked["next_action"]["type"] == "redirect_to_url"
    for status, card in ((402, "pm_card_visa_chargeDeclined"), (402, "pm_card_radarBlock")):
        await walk("POST /payment_intents/{intent}/confirm", asked["id"], status=status, payment_method=card)
    await walk("GET /charges/{charge}", taken["latest_charge"])
    await walk("GET /charges", payment_intent=asked["id"])
    await walk("GET /charges/search", query="amount>500")
    refund = await walk("POST /refunds", payment_intent=made["id"], amount=100, reason="duplicate")
    await walk("GET /refunds/{refund}", refund["id"])
    await walk("POST /refunds/{refund}", refund["id"], metadata={"a": "b"})
    await walk("GET /refunds", charge=taken["latest_charge"])
    slip = await walk.stripe.post(
        "/payment_intents",
        amount=700,
        currency="jpy",
        confirm=True,
        payment_method_types=["konbini"],
        payment_method_data={
            "type": "konbini",
            "billing_details": {"name": "Ann", "email": "succeed_immediately@example.com"},
        },
    )
    await gateway.tick()
    for path in ("/refunds/{refund}/cancel", "/test_helpers/refunds/{refund}/expire"):
        asked = await walk("POST /refunds", payment_intent=slip["id"])
        assert asked["status"] == "requires_action"
        await walk(f"POST {path}", asked["id"])


async def setups(walk: Walk, _gateway: Gateway) -> None:
    """SetupIntents and their tries."""
    made = await walk("POST /setup_intents", payment_method_types=["card", "link"], usage="on_session")
    await walk("POST /setup_intents/{intent}", made["id"], description="Later", metadata={"a": "b"})
    for status, card in ((402, "pm_card_visa_chargeDeclined"), (200, "pm_card_threeDSecure2Required")):
        await walk("POST /setup_intents/{intent}/confirm", made["id"], status=status, payment_method=card)
    await walk("GET /setup_intents/{intent}", made["id"], expand=["latest_attempt", "payment_method"])
    await walk("POST /setup_intents/{intent}/cancel", made["id"], cancellation_reason="abandoned")
    await walk("GET /setup_intents")
    await walk("GET /setup_attempts", setup_intent=made["id"], expand=["data.payment_method"])


async def confirmations(walk: Walk, _gateway: Gateway) -> None:
    """Confirmation tokens, made and used."""
    token = await walk(
        "POST /test_helpers/confirmation_tokens",
        payment_method="pm_card_visa",
        return_url="https://shop.example/done",
        setup_future_usage="off_session",
        shipping={"name": "Ann", "address": {"line1": "Sanjo 1"}},
    )
    by_token = {"amount": 1_000, "currency": "usd", "confirm": True, "confirmation_token": token["id"]}
    await walk("POST /payment_intents", **by_token)
    await walk("GET /confirmation_tokens/{confirmation_token}", token["id"])


async def passes(walk: Walk, _gateway: Gateway) -> None:
    """What an app's server hands to the app."""
    customer = (await walk("POST /customers"))["id"]
    key = await walk("POST /ephemeral_keys", customer=customer)
    await walk("DELETE /ephemeral_keys/{key}", key["id"])
    enabled = {"enabled": True}
    components = dict.fromkeys(("customer_sheet", "mobile_payment_element", "payment_element"), enabled)
    await walk("POST /customer_sessions", customer=customer, components=components, expand=["customer"])


async def methods(walk: Walk, _gateway: Gateway) -> None:
    """Payment methods, of every type that is simulated."""
    customer = (await walk("POST /customers"))["id"]
    made = await walk("POST /payment_methods", type="card", card=CARD, billing_details={"name": "Ann"})
    await walk("POST /payment_methods/{payment_method}/attach", made["id"], customer=customer)
    await walk("POST /payment_methods/{payment_method}", made["id"], card={"exp_year": 2031})
    await walk("GET /payment_methods/{payment_method}", made["id"], expand=["customer"])
    for kind in OTHER_METHODS:
        await walk("POST /payment_methods", type=kind, **{kind: NEEDED[kind]} if kind in NEEDED else {})
    await walk("GET /payment_methods", customer=customer)
    await walk("GET /customers/{customer}/payment_methods", customer)
    await walk("GET /customers/{customer}/payment_methods/{payment_method}", customer, made["id"])
    await walk("POST /payment_methods/{payment_method}/detach", made["id"])


async def in_older_words(walk: Walk, _gateway: Gateway) -> None:
    """Tokens, cards and sources of customers, charges without an intent."""
    token = await walk("POST /tokens", card={**CARD, "name": "Ann"})
    await walk("GET /tokens/{token}", token["id"])
    source = await walk("POST /sources", type="card", token=token["id"], owner={"name": "Ann"})
    await walk("POST /sources/{source}", source["id"], metadata={"a": "b"})
    await walk("GET /sources/{source}", source["id"])
    customer = (await walk("POST /customers", source="tok_visa"))["id"]
    added = source
    for name in (source["id"], "tok_amex"):
        added = await walk("POST /customers/{customer}/sources", customer, source=name)
        await walk("GET /customers/{customer}/sources/{id}", customer, added["id"])
        await walk("POST /customers/{customer}/sources/{id}", customer, added["id"], metadata={"a": "b"})
    await walk("GET /customers/{customer}/sources", customer)
    await walk("GET /customers/{customer}", customer, expand=["sources", "default_source"])
    for name in (source["id"], added["id"]):
        await walk("DELETE /customers/{customer}/sources/{id}", customer, name)
    held = await walk("POST /charges", amount=1_000, currency="usd", customer=customer, capture=False)
    await walk("POST /charges/{charge}", held["id"], fraud_details={"user_report": "safe"})
    await walk("POST /charges/{charge}/capture", held["id"], amount=900, expand=["refunds"])
    await walk("POST /charges", status=402, amount=1_000, currency="usd", source="tok_chargeDeclined")
    await walk("POST /charges/{charge}/refund", held["id"], amount=100)
    refund = await walk("POST /charges/{charge}/refunds", held["id"], amount=100)
    await walk("GET /charges/{charge}/refunds", held["id"])
    await walk("GET /charges/{charge}/refunds/{refund}", held["id"], refund["id"])
    await walk("POST /charges/{charge}/refunds/{refund}", held["id"], refund["id"], metadata={"a": "b"})
    let_go = await walk("POST /charges", amount=1_000, currency="usd", source="tok_visa", capture=False)
    await walk("POST /refunds", charge=let_go["id"])
    await walk("GET /charges/{charge}", let_go["id"])


NEEDED: dict[str, Any] = {
    "acss_debit": {
        "account_number": "000123456789",
        "institution_number": "000",
        "transit_number": "11000",
    },
    "au_becs_debit": {"account_number": "000123456", "bsb_number": "000000"},
    "bacs_debit": {"account_number": "00012345", "sort_code": "108800"},
    "boleto": {"tax_id": "00000000000"},
    "eps": {"bank": "bank_austria"},
    "fpx": {"bank": "maybank2u"},
    "ideal": {"bank": "ing"},
    "p24": {"bank": "ing"},
    "sepa_debit": {"iban": "AT611904300234573201"},
    "us_bank_account": {
        "account_holder_type": "individual",
        "account_number": "000123456789",
        "routing_number": "110000000",
    },
}
"""What some types need, or may have."""


async def disputes(walk: Walk, gateway: Gateway) -> None:
    """Disputes, in every state, and early fraud warnings."""
    cards = ("createDispute", "createDisputeInquiry", "createMultipleDisputes", "createIssuerFraudRecord")
    for card in cards:
        await walk.stripe.paid(payment_method=f"pm_card_{card}")
    found = (await walk("GET /disputes", expand=["data.charge", "data.payment_intent"]))["data"]
    for dispute, text in zip(found, ("winning_evidence", "losing_evidence", "other"), strict=False):
        await walk("POST /disputes/{dispute}", dispute["id"], evidence={"uncategorized_text": text})
    await walk("POST /disputes/{dispute}/close", found[3]["id"])
    await gateway.tick(timedelta(days=30))
    states = {(await walk("GET /disputes/{dispute}", each["id"]))["status"] for each in found}
    assert states == {"won", "lost", "warning_closed"}
    paid = await walk.stripe.paid(payment_method="pm_card_createDispute")
    charge = paid["latest_charge"]
    await walk("GET /charges/{charge}/dispute", charge)
    await walk("POST /charges/{charge}/dispute", charge, metadata={"a": "b"})
    await walk("POST /charges/{charge}/dispute/close", charge)
    [warning] = (await walk("GET /radar/early_fraud_warnings", expand=["data.charge"]))["data"]
    await walk("GET /radar/early_fraud_warnings/{early_fraud_warning}", warning["id"])


async def money(walk: Walk, gateway: Gateway) -> None:
    """The balance, what moves it, and payouts."""
    await walk.stripe.paid(9_000, payment_method="pm_card_bypassPending")
    await walk("GET /balance")
    first = await walk("POST /payouts", amount=1_000, currency="usd", expand=["balance_transaction"])
    await walk("POST /payouts/{payout}", first["id"], metadata={"a": "b"})
    await walk("POST /payouts/{payout}/cancel", first["id"])
    second = await walk("POST /payouts", amount=1_000, currency="usd", method="instant")
    await gateway.tick(timedelta(days=1))
    assert (await walk("GET /payouts/{payout}", second["id"]))["status"] == "paid"
    await walk("GET /payouts", expand=["data.failure_balance_transaction"])
    found = (await walk("GET /balance_transactions", limit=100, expand=["data.source"]))["data"]
    assert {each["source"]["object"] for each in found} == {"charge", "refund", "dispute", "payout"}
    await walk("GET /balance_transactions/{id}", found[0]["id"])
    await walk("GET /balance/history")
    await walk("GET /balance/history/{id}", found[0]["id"])


async def accounts(walk: Walk, _gateway: Gateway) -> None:
    """The account of whoever asks."""
    own = await walk("GET /account")
    await walk("GET /accounts/{account}", own["id"])
    await walk("GET /accounts")
    await walk("GET /accounts/{account}/external_accounts", own["id"])


async def webhooks(walk: Walk, _gateway: Gateway) -> None:
    """Webhook endpoints and events."""
    endpoint = await walk(
        "POST /webhook_endpoints", url="http://receiver.test/", enabled_events=["*"], metadata={"a": "b"}
    )
    await walk("GET /webhook_endpoints/{webhook_endpoint}", endpoint["id"])
    await walk("POST /webhook_endpoints/{webhook_endpoint}", endpoint["id"], description="Ours")
    await walk("GET /webhook_endpoints")
    listed = await walk("GET /events", type="payment_intent.*")
    event = await walk("GET /events/{id}", listed["data"][0]["id"])
    await walk("POST /events/{id}/retry", event["id"], webhook_endpoint=endpoint["id"])
    await walk("DELETE /webhook_endpoints/{webhook_endpoint}", endpoint["id"])


async def invoices(walk: Walk, _gateway: Gateway) -> None:
    """What there would be if there were invoices."""
    await walk("GET /invoice_payments", invoice="in_1")


async def clocks(walk: Walk, _gateway: Gateway) -> None:
    """Test clocks."""
    made = await walk("POST /test_helpers/test_clocks", frozen_time=1_800_000_000, name="Later")
    await walk("GET /test_helpers/test_clocks/{test_clock}", made["id"])
    await walk("POST /test_helpers/test_clocks/{test_clock}/advance", made["id"], frozen_time=1_800_000_001)
    await walk("GET /test_helpers/test_clocks")
    await walk("DELETE /test_helpers/test_clocks/{test_clock}", made["id"])


PARTS = [
    *(customers, payments, confirmations, passes, methods, in_older_words, setups, disputes, money),
    *(accounts, webhooks, clocks, invoices),
    *(walk_checkout.catalog, walk_checkout.checkouts, walk_checkout.links),
]
