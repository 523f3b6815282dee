"""Refunds with Stripe's library for Python."""

from __future__ import annotations

import pytest
import stripe

from tests.conformance.flows import charge_of, held, paid


def test_a_payment_is_refunded_whole(client: stripe.StripeClient) -> None:
    intent = paid(client, 2_000)

    refund = client.v1.refunds.create(params={"payment_intent": intent.id, "reason": "requested_by_customer"})

    assert (refund.object, refund.amount, refund.currency) == ("refund", 2_000, "usd")
    assert (refund.status, refund.reason) == ("succeeded", "requested_by_customer")
    assert (refund.payment_intent, refund.charge) == (intent.id, intent.latest_charge)
    charge = charge_of(client, intent)
    assert (charge.refunded, charge.amount_refunded) == (True, 2_000)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_payment_is_refunded_in_parts(client: stripe.StripeClient) -> None:
    intent = paid(client, 2_000)
    assert isinstance(intent.latest_charge, str)
    refunds = client.v1.refunds

    refunds.create(params={"charge": intent.latest_charge, "amount": 500})
    charge = charge_of(client, intent)
    assert (charge.refunded, charge.amount_refunded) == (False, 500)

    rest = refunds.create(params={"charge": intent.latest_charge})
    assert rest.amount == 1_500
    assert charge_of(client, intent).refunded is True


def test_more_than_is_left_is_not_refunded(client: stripe.StripeClient) -> None:
    intent = paid(client, 2_000)
    client.v1.refunds.create(params={"payment_intent": intent.id, "amount": 1_500})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create(params={"payment_intent": intent.id, "amount": 501})

    assert (refusal.value.http_status, refusal.value.param) == (400, "amount")
    assert charge_of(client, intent).amount_refunded == 1_500


def test_what_was_refunded_is_not_refunded_again(client: stripe.StripeClient) -> None:
    intent = paid(client)
    client.v1.refunds.create(params={"payment_intent": intent.id})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create(params={"payment_intent": intent.id})

    assert refusal.value.code == "charge_already_refunded"


def test_what_was_only_held_is_not_refunded(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create(params={"payment_intent": held(client).id})


def test_a_refund_needs_to_know_of_what(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create(params={"amount": 500})

    assert refusal.value.code == "parameter_missing"


def test_a_refund_is_found_changed_and_listed(client: stripe.StripeClient) -> None:
    intent, other = paid(client, 2_000), paid(client, 1_000)
    refunds = client.v1.refunds
    first = refunds.create(params={"payment_intent": intent.id, "amount": 500, "metadata": {"why": "late"}})
    second = refunds.create(params={"payment_intent": intent.id, "amount": 700})
    refunds.create(params={"payment_intent": other.id})

    changed = refunds.update(first.id, params={"metadata": {"by": "Ann"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"why": "late", "by": "Ann"}
    assert refunds.retrieve(first.id).metadata == changed.metadata

    assert isinstance(intent.latest_charge, str)
    by_intent = refunds.list(params={"payment_intent": intent.id})
    by_charge = refunds.list(params={"charge": intent.latest_charge})
    assert [each.id for each in by_intent.data] == [second.id, first.id]
    assert [each.id for each in by_charge.data] == [second.id, first.id]
    assert len(refunds.list().data) == 3


def test_refunds_of_a_charge_are_shown_when_asked_for(client: stripe.StripeClient) -> None:
    intent = paid(client, 2_000)
    refund = client.v1.refunds.create(params={"payment_intent": intent.id, "amount": 500})
    assert isinstance(intent.latest_charge, str)

    charge = client.v1.charges.retrieve(intent.latest_charge, params={"expand": ["refunds"]})

    assert charge.refunds is not None
    assert [each.id for each in charge.refunds.data] == [refund.id]
    assert charge.refunds.url == f"/v1/charges/{charge.id}/refunds"


def test_a_refund_shows_its_payment_when_asked_to(client: stripe.StripeClient) -> None:
    intent = paid(client)

    refund = client.v1.refunds.create(
        params={"payment_intent": intent.id, "expand": ["payment_intent", "charge"]}
    )

    assert isinstance(refund.payment_intent, stripe.PaymentIntent)
    assert refund.payment_intent.id == intent.id
    assert isinstance(refund.charge, stripe.Charge)
    # the charge as this very refund left it
    assert refund.charge.amount_refunded == 2_000


def test_a_refund_that_takes_its_time_is_pending(client: stripe.StripeClient) -> None:
    intent = paid(client, payment_method="pm_card_pendingRefund")

    refund = client.v1.refunds.create(params={"payment_intent": intent.id})

    assert refund.status == "pending"
    assert client.v1.refunds.retrieve(refund.id).status in ("pending", "succeeded")


def test_a_refund_that_will_fail_succeeds_at_first(client: stripe.StripeClient) -> None:
    intent = paid(client, payment_method="pm_card_refundFail")

    refund = client.v1.refunds.create(params={"payment_intent": intent.id})

    assert refund.status in ("succeeded", "pending")


def test_the_rest_of_a_part_that_was_captured_is_refunded(client: stripe.StripeClient) -> None:
    intent = held(client, 3_000)
    client.v1.payment_intents.capture(intent.id, params={"amount_to_capture": 1_200})

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create(params={"payment_intent": intent.id, "amount": 1_201})
    refund = client.v1.refunds.create(params={"payment_intent": intent.id})

    assert refund.amount == 1_200
