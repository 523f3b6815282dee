"""Debits and vouchers with Stripe's library for Python: what comes of them is told by webhooks."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from tests.conformance.test_python_webhooks import listening, verified
from tests.support.receiver import Receiver

# how the library itself calls httpx
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


async def voucher(
    client: stripe.StripeClient, email: str, kind: str = "oxxo", currency: str = "mxn"
) -> stripe.PaymentIntent:
    """A PaymentIntent that waits for whoever has this address to pay at a shop."""
    params: Any = {
        "amount": 2_000,
        "currency": currency,
        "confirm": True,
        "payment_method_types": [kind],
        "payment_method_data": {"type": kind, "billing_details": {"name": "Ann", "email": email}},
    }
    intent = await client.v1.payment_intents.create_async(params=params)
    assert intent.status == "requires_action"
    return intent


async def test_a_voucher_is_shown_to_its_payer(async_client: stripe.StripeClient, receiver: Receiver) -> None:
    endpoint = await listening(
        async_client, receiver, "payment_intent.requires_action", "payment_intent.succeeded"
    )

    intent = await voucher(async_client, "ann@example.com")

    assert intent.next_action is not None
    shown = intent.next_action.oxxo_display_details
    assert intent.next_action.type == "oxxo_display_details"
    assert shown is not None
    assert shown.hosted_voucher_url is not None
    async with httpx.AsyncClient(trust_env=False) as payer:
        page = await payer.get(shown.hosted_voucher_url)
        assert str(shown.number) in page.text
        paid = await payer.post(shown.hosted_voucher_url, params={"outcome": "pay"})
    assert paid.status_code == 200
    told = [verified(each, endpoint.secret) for each in await receiver.wait_for(2)]
    assert [(each.type, each.data.object["id"]) for each in told] == [
        ("payment_intent.requires_action", intent.id),
        ("payment_intent.succeeded", intent.id),
    ]


async def test_a_voucher_that_expires_is_told_of(
    async_client: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoint = await listening(
        async_client, receiver, "charge.failed", "payment_intent.payment_failed", "payment_intent.succeeded"
    )

    intent = await voucher(async_client, "expire_immediately@example.com")

    told = {
        event.type: event.data.object
        for event in (verified(each, endpoint.secret) for each in await receiver.wait_for(2))
    }
    assert told.keys() == {"charge.failed", "payment_intent.payment_failed"}
    failed = told["payment_intent.payment_failed"]
    assert (failed["id"], failed["status"]) == (intent.id, "requires_payment_method")
    assert failed["last_payment_error"]["code"] == "payment_intent_payment_attempt_expired"
    assert intent.latest_charge is None
    assert failed["last_payment_error"]["charge"] == told["charge.failed"]["id"] == failed["latest_charge"]
    assert str(failed["latest_charge"]).startswith("py_")


async def test_a_voucher_may_be_paid_at_once(async_client: stripe.StripeClient, receiver: Receiver) -> None:
    endpoint = await listening(async_client, receiver, "payment_intent.succeeded")
    intent = await voucher(async_client, "succeed_immediately@example.com")

    (received,) = await receiver.wait_for(1)

    assert verified(received, endpoint.secret).data.object["id"] == intent.id


def test_an_account_by_its_name_is_debited(client: stripe.StripeClient) -> None:
    params: Any = {
        "amount": 2_000,
        "currency": "usd",
        "confirm": True,
        "payment_method": "pm_usBankAccount_success",
        "payment_method_types": ["us_bank_account"],
        "expand": ["payment_method"],
    }
    intent = client.v1.payment_intents.create(params=params)

    assert intent.status == "processing"
    assert isinstance(intent.payment_method, stripe.PaymentMethod)
    assert intent.payment_method.us_bank_account is not None
    assert intent.payment_method.us_bank_account.last4 == "6789"


async def test_a_voucher_is_refunded_to_an_account_that_its_payer_names(
    async_client: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoint = await listening(async_client, receiver, "payment_intent.succeeded", "refund.updated")
    intent = await voucher(async_client, "succeed_immediately@example.com", "konbini", "jpy")
    await receiver.wait_for(1)

    refund = await async_client.v1.refunds.create_async(params={"payment_intent": intent.id, "amount": 500})
    assert refund.status == "requires_action"
    assert refund.next_action is not None
    display = refund.next_action.display_details
    assert display is not None
    assert display.email_sent.email_sent_to == "succeed_immediately@example.com"
    expired = await async_client.v1.test_helpers.refunds.expire_async(refund.id)
    assert expired.status == "canceled"

    again = await async_client.v1.refunds.create_async(params={"payment_intent": intent.id})
    assert (await async_client.v1.refunds.cancel_async(again.id)).status == "canceled"
    told = [verified(each, endpoint.secret) for each in await receiver.wait_for(3)]
    assert [each.data.object["id"] for each in told[1:]] == [refund.id, again.id]
