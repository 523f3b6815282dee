"""From what was asked to what the bank says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kessai.domain.errors import InvalidFieldError
from kessai.domain.instrument import SETTLES_LATER, Instrument, InstrumentType
from kessai.domain.outcome import ActionRequired, Approved, Declined, Deferred
from kessai.simulation.decide import decide, effective, increment_verdict, refunds_fail, verdict_later
from kessai.simulation.table import DEFAULT, DEFAULT_DELAY, DEFAULT_SLOWNESS, SIMULATIONS, SLOWNESS_MAX

CARD = Instrument(InstrumentType.CARD, "visa", "4242")
MINUTE = timedelta(minutes=1)

DECLINES = {
    "insufficient_funds": "INSUFFICIENT_FUNDS",
    "network_timeout": "NETWORK_TIMEOUT",
    "fraud_detected": "FRAUD_DETECTED",
    "bank_error": "BANK_ERROR",
    "card_declined": "CARD_DECLINED",
    "expired_card": "EXPIRED_CARD",
    "incorrect_cvc": "INCORRECT_CVC",
    "processing_error": "PROCESSING_ERROR",
    "limit_exceeded": "LIMIT_EXCEEDED",
    "lost_card": "LOST_CARD",
    "stolen_card": "STOLEN_CARD",
    "card_velocity_exceeded": "CARD_VELOCITY_EXCEEDED",
}
DISPUTED = {
    *("dispute", "dispute_product_not_received", "dispute_noncompliant", "dispute_inquiry"),
    "dispute_twice",
}
APPROVED_AT_ONCE = DISPUTED | {
    *("success", "refund_failure", "refund_pending", "increment_declined"),
    *("available_at_once", "lost_response", "slow"),
}
DECLINES_AFTER_ACTION = {
    "requires_action_declined": "CARD_DECLINED",
    "requires_action_insufficient_funds": "INSUFFICIENT_FUNDS",
    "requires_action_processing_error": "PROCESSING_ERROR",
}
OTHERS = {"requires_action", "pending_success", "pending_failure"}


def test_these_are_all_simulations_there_are() -> None:
    assert SIMULATIONS.keys() == DECLINES.keys() | APPROVED_AT_ONCE | DECLINES_AFTER_ACTION.keys() | OTHERS


@pytest.mark.parametrize(("simulate", "code"), DECLINES.items())
def test_a_decline_has_its_code_and_a_sentence(simulate: str, code: str) -> None:
    outcome = decide(simulate, CARD, None).outcome

    assert isinstance(outcome, Declined)
    assert outcome.code == code
    assert outcome.message.endswith(".")
    assert (len(outcome.code), len(outcome.message)) < (40, 200)


@pytest.mark.parametrize("simulate", sorted(APPROVED_AT_ONCE))
def test_these_are_approved_at_once(simulate: str) -> None:
    assert decide(simulate, None, None).outcome == Approved()


def test_only_the_network_timeout_keeps_us_waiting_for_the_bank() -> None:
    assert [name for name in SIMULATIONS if decide(name, None, None).bank_is_silent] == ["network_timeout"]


def test_only_a_lost_response_is_lost() -> None:
    assert [name for name in SIMULATIONS if decide(name, None, None).answer_is_lost] == ["lost_response"]


def test_only_a_slow_answer_is_late() -> None:
    late = {name: after for name in SIMULATIONS if (after := decide(name, None, None).answer_after)}

    assert late == {"slow": DEFAULT_SLOWNESS}
    assert decide("slow", None, MINUTE).answer_after == MINUTE


def test_an_answer_is_not_held_back_for_ever() -> None:
    assert decide("slow", None, SLOWNESS_MAX).answer_after == SLOWNESS_MAX
    with pytest.raises(InvalidFieldError, match="at most 300 s late"):
        decide("slow", None, SLOWNESS_MAX + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("simulate", "verdict"), [("pending_success", Approved), ("pending_failure", Declined)]
)
def test_a_pending_payment_is_decided_after_its_delay(simulate: str, verdict: type) -> None:
    assert decide(simulate, None, None).outcome == Deferred(DEFAULT_DELAY)
    assert decide(simulate, None, MINUTE * 90).outcome == Deferred(MINUTE * 90)
    assert decide(simulate, None, timedelta(0)).outcome == Deferred(timedelta(0))
    assert isinstance(verdict_later(simulate), verdict)


def test_a_payer_has_to_prove_who_they_are() -> None:
    assert decide("requires_action", CARD, MINUTE).outcome == ActionRequired()
    assert verdict_later("requires_action") == Approved()


@pytest.mark.parametrize(("simulate", "code"), DECLINES_AFTER_ACTION.items())
def test_a_payer_who_proved_who_they_are_may_be_declined_all_the_same(simulate: str, code: str) -> None:
    verdict = verdict_later(simulate)

    assert decide(simulate, CARD, None).outcome == ActionRequired()
    assert isinstance(verdict, Declined)
    assert verdict.code == code


@pytest.mark.parametrize("kind", sorted(SETTLES_LATER))
def test_what_is_paid_later_waits_and_then_goes_as_was_asked(kind: InstrumentType) -> None:
    slip = Instrument(kind)

    assert decide("success", slip, None).outcome == Deferred(DEFAULT_DELAY)
    assert decide("insufficient_funds", slip, MINUTE).outcome == Deferred(MINUTE)
    assert isinstance(verdict_later("insufficient_funds"), Declined)
    # there is no bank to wait for any longer, and a payer to ask all the same
    assert isinstance(decide("network_timeout", slip, None).outcome, Declined)
    assert decide("requires_action", slip, None).outcome == ActionRequired()


@pytest.mark.parametrize("kind", sorted(set(InstrumentType) - SETTLES_LATER))
def test_other_instruments_change_nothing(kind: InstrumentType) -> None:
    for simulate in SIMULATIONS:
        assert decide(simulate, Instrument(kind), None) == decide(simulate, None, None)


def test_only_one_makes_a_higher_hold_be_declined() -> None:
    declined = [name for name in SIMULATIONS if isinstance(increment_verdict(name), Declined)]
    assert declined == ["increment_declined"]


def test_only_refund_failure_makes_refunds_fail() -> None:
    assert [name for name in SIMULATIONS if refunds_fail(name)] == ["refund_failure"]


def test_only_refund_pending_makes_refunds_wait() -> None:
    assert [name for name, row in SIMULATIONS.items() if row.refunds_wait] == ["refund_pending"]


@pytest.mark.parametrize(
    ("asked", "card", "used"),
    [
        (None, "card_declined", "card_declined"),
        (DEFAULT, "card_declined", "card_declined"),
        ("bank_error", "card_declined", "bank_error"),
        ("bank_error", DEFAULT, "bank_error"),
        (None, DEFAULT, DEFAULT),
    ],
)
def test_what_is_asked_by_name_goes_before_what_the_card_stands_for(
    asked: str | None, card: str, used: str
) -> None:
    assert effective(asked, card) == used


def test_these_are_disputed_and_no_others() -> None:
    assert {name for name, row in SIMULATIONS.items() if row.dispute} == DISPUTED


def test_only_what_says_so_is_available_at_once() -> None:
    assert [name for name, row in SIMULATIONS.items() if row.is_available_at_once] == ["available_at_once"]
