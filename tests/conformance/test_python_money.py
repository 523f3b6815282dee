"""Disputes, the balance and payouts with Stripe's library for Python."""

from __future__ import annotations

import pytest
import stripe

from tests.conformance.flows import charge_of, paid


def disputed(
    client: stripe.StripeClient, card: str = "pm_card_createDispute"
) -> tuple[stripe.PaymentIntent, stripe.Dispute]:
    """A payment and the dispute it has led to, which may take the worker a moment."""
    intent = paid(client, 5_000, payment_method=card)
    for _ in range(200):
        found = client.v1.disputes.list(params={"payment_intent": intent.id}).data
        if found:
            return intent, found[0]
    raise AssertionError("no dispute was opened")


def test_a_charge_is_disputed(client: stripe.StripeClient) -> None:
    intent, dispute = disputed(client)

    assert (dispute.amount, dispute.currency, dispute.reason) == (5_000, "usd", "fraudulent")
    assert dispute.status == "needs_response"
    assert dispute.charge == intent.latest_charge
    assert dispute.evidence_details.due_by is not None
    assert charge_of(client, intent).disputed is True
    assert client.v1.disputes.retrieve(dispute.id).id == dispute.id


def test_a_disputed_charge_is_not_refunded(client: stripe.StripeClient) -> None:
    intent, _ = disputed(client)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create(params={"payment_intent": intent.id})

    assert refusal.value.code == "charge_disputed"


@pytest.mark.parametrize(("evidence", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_evidence_decides(client: stripe.StripeClient, evidence: str, status: str) -> None:
    _, dispute = disputed(client)

    client.v1.disputes.update(
        dispute.id, params={"evidence": {"uncategorized_text": evidence}, "submit": True}
    )

    found = client.v1.disputes.retrieve(dispute.id)
    for _ in range(200):
        if found.status == status:
            break
        found = client.v1.disputes.retrieve(dispute.id)
    assert found.status == status
    assert found.evidence.uncategorized_text == evidence


def test_evidence_is_gathered_before_it_is_submitted(client: stripe.StripeClient) -> None:
    _, dispute = disputed(client)

    draft = client.v1.disputes.update(
        dispute.id, params={"evidence": {"customer_name": "Jenny"}, "submit": False}
    )

    assert draft.status == "needs_response"
    assert draft.evidence.customer_name == "Jenny"


def test_closing_a_dispute_loses_it(client: stripe.StripeClient) -> None:
    _, dispute = disputed(client)

    assert client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.disputes.close(dispute.id)


def test_a_payment_is_in_the_balance(client: stripe.StripeClient) -> None:
    intent = paid(client, 2_000)

    balance = client.v1.balance.retrieve()
    charge = client.v1.charges.retrieve(str(intent.latest_charge), params={"expand": ["balance_transaction"]})

    transaction = charge.balance_transaction
    assert isinstance(transaction, stripe.BalanceTransaction)
    assert (transaction.amount, transaction.type, transaction.source) == (2_000, "charge", charge.id)
    assert transaction.net == transaction.amount - transaction.fee
    assert sum(each.amount for each in transaction.fee_details) == transaction.fee
    pending = {each.currency: each.amount for each in balance.pending}
    assert pending["usd"] == transaction.net
    found = client.v1.balance_transactions.retrieve(transaction.id)
    assert found.net == transaction.net


def test_a_refund_is_in_the_balance(client: stripe.StripeClient) -> None:
    intent = paid(client, 2_000)
    refund = client.v1.refunds.create(
        params={"payment_intent": intent.id, "amount": 500, "expand": ["balance_transaction"]}
    )

    assert isinstance(refund.balance_transaction, stripe.BalanceTransaction)
    assert (refund.balance_transaction.amount, refund.balance_transaction.type) == (-500, "refund")
    listed = client.v1.balance_transactions.list(params={"source": refund.id}).data
    assert [each.id for each in listed] == [refund.balance_transaction.id]
    assert len(client.v1.balance_transactions.list().data) == 2


def test_what_is_available_is_paid_out(client: stripe.StripeClient) -> None:
    paid(client, 10_000, payment_method="pm_card_bypassPending")
    available = {each.currency: each.amount for each in client.v1.balance.retrieve().available}
    assert available["usd"] > 0

    payout = client.v1.payouts.create(params={"amount": available["usd"], "currency": "usd"})

    assert payout.status in ("pending", "in_transit", "paid")
    assert {each.currency: each.amount for each in client.v1.balance.retrieve().available}["usd"] == 0
    assert [each.id for each in client.v1.payouts.list().data] == [payout.id]
    assert client.v1.payouts.retrieve(payout.id).amount == available["usd"]


def test_more_than_is_available_is_not_paid_out(client: stripe.StripeClient) -> None:
    paid(client, 2_000)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payouts.create(params={"amount": 2_000, "currency": "usd"})

    assert refusal.value.code == "balance_insufficient"
    assert client.v1.payouts.list().data == []


def test_an_account_says_who_one_is(client: stripe.StripeClient) -> None:
    account = client.v1.accounts.retrieve_current()

    assert account.id.startswith("acct_")
    assert account.charges_enabled is True
    assert account.default_currency is not None
