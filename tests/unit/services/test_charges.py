"""Charges without an intent: what is to be written, and what becomes of the instrument."""

from __future__ import annotations

from datetime import timedelta

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.domain.charge import ChargeDetails
from kessai.domain.event import EventType, PaymentFact
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod
from kessai.domain.saved_instrument import SavedCard, SavedInstrument
from kessai.domain.transitions import Status
from kessai.services.charges import Charged, Charges
from kessai.services.telling import Teller
from kessai.simulation.instruments import by_name
from tests.support.manual_clock import START
from tests.unit.http.people import MERCHANT

LATER = START + timedelta(hours=1)


def charges() -> Charges:
    ids = UuidFactory(SeededDice(1))
    return Charges(ids, Teller(ids))


def instrument(name: str = "visa", *, customer_id: str | None = None) -> SavedInstrument:
    row = by_name(name)
    assert row is not None
    return SavedInstrument(
        id="0199d3c2-5f00-7000-8000-000000000001",
        merchant_id=MERCHANT.id,
        created_at=START,
        updated_at=START,
        type="card",
        card=SavedCard(
            published=name,
            brand=row.brand,
            last4=row.last4,
            exp_month=12,
            exp_year=2030,
            funding=row.funding,
            country=row.country,
            fingerprint="f",
        ),
        customer_id=customer_id,
        billing={},
        metadata={},
        details={},
    )


def charged(what: SavedInstrument, *, is_new: bool = False) -> Charged:
    details, method = ChargeDetails(instrument=what, metadata={}, billing={}), CaptureMethod.AUTOMATIC
    return charges().charge(what, Money(1_000, "USD"), method, details, is_new=is_new, at=START)


def test_what_is_approved_is_taken_and_told() -> None:
    made = charged(instrument())

    assert (made.payment.status, made.failure) == (Status.CAPTURED, None)
    assert [each.type for each in made.change.events] == [EventType.PAYMENT_SUCCEEDED]
    assert made.payment.order.intent_id is None


def test_why_it_failed_is_kept_with_it() -> None:
    made = charged(instrument("chargeDeclinedInsufficientFunds"))

    assert made.payment.status is Status.FAILED
    assert made.failure is not None
    assert (made.failure.decline_code, made.failure.instrument) == ("insufficient_funds", None)
    assert made.payment.details is not None
    assert made.payment.details.failure == made.failure


def test_nobody_can_be_asked_to_prove_who_they_are() -> None:
    made = charged(instrument("threeDSecure2Required"))

    assert made.payment.status is Status.FAILED
    assert made.failure is not None
    assert made.failure.code == "authentication_required"


def test_a_new_instrument_is_saved_and_used_up_whether_it_pays_or_not() -> None:
    for name in ("visa", "chargeDeclined"):
        (kept,) = charged(instrument(name), is_new=True).change.records
        assert isinstance(kept, SavedInstrument)
        assert (kept.version, kept.is_detached) == (1, True)


def test_what_is_nobodys_pays_once() -> None:
    (kept,) = charged(instrument()).change.records

    assert isinstance(kept, SavedInstrument)
    assert (kept.version, kept.is_detached) == (2, True)


def test_what_is_nobodys_may_be_tried_again_after_a_decline() -> None:
    assert charged(instrument("chargeDeclined")).change.records == ()


def test_a_customers_instrument_stays_as_it_is() -> None:
    assert charged(instrument(customer_id=MERCHANT.id)).change.records == ()


def test_an_update_tells_how_it_was() -> None:
    before = charged(instrument()).payment
    details = ChargeDetails(description="Order 7", metadata={}, billing={})

    after, change = charges().update(before, details, at=LATER)

    assert (after.version, after.updated_at, after.status) == (2, LATER, before.status)
    (told,) = change.events
    assert told.type is EventType.PAYMENT_UPDATED
    assert told.fact == PaymentFact(after, None, before)
