"""Charges: payments with a saved instrument that are no try of an intent; what is kept with any payment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from kessai.domain.change import Change
from kessai.domain.charge import ChargeDetails
from kessai.domain.event import EventType
from kessai.domain.failure import Failure
from kessai.domain.ids import PaymentId
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod, Order, Payment, new_payment
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.transitions import Status
from kessai.domain.values import value
from kessai.services.payments import EVENT_OF_TRY
from kessai.services.ports import IdFactory
from kessai.services.telling import Teller
from kessai.simulation.trying import Terms, outcome_of, trial_of

_TERMS: Final = Terms(refuses_action=True)
"""A charge is settled in one step: nobody can be asked to prove who they are."""


@value(frozen=True, slots=True)
class Charged:
    """A charge, what is to be written, and why it failed if it did."""

    payment: Payment
    change: Change
    failure: Failure | None = None


class Charges:
    """The use cases of charges. Methods that write return what is to be written; who asked commits it."""

    def __init__(self, ids: IdFactory, teller: Teller) -> None:
        self._ids = ids
        self._teller = teller

    def charge(
        self,
        instrument: SavedInstrument,
        amount: Money,
        capture_method: CaptureMethod,
        details: ChargeDetails,
        *,
        is_new: bool,
        at: datetime,
    ) -> Charged:
        """Ask an instrument's bank for a payment; a decline is a payment too.

        `is_new`: the instrument is not saved yet. One that is nobody's pays only once. Why it fails is added
        to `details`.
        """
        trial = trial_of(instrument, _TERMS)
        order = Order(
            merchant_id=instrument.merchant_id,
            amount=amount,
            capture_method=capture_method,
            simulate=trial.simulate,
            delay=trial.delay,
            description=details.description,
            metadata=details.metadata,
            instrument=trial.instrument,
        )
        asked = new_payment(PaymentId(self._ids.new_id(at)), order, at=at, details=details)
        payment, failure = asked.follow(outcome_of(trial), at=at), None
        if payment.status is Status.FAILED and trial.failure is not None:
            failure = replace(trial.failure, instrument=None)
            payment = replace(payment, details=replace(details, failure=failure))
        told = EVENT_OF_TRY[payment.status]
        change = Change(
            payment=payment,
            records=_kept(instrument, is_new=is_new, has_paid=failure is None, at=at),
            events=(self._teller.of_payment(told, payment, at),),
        )
        return Charged(payment, change, failure)

    def update(self, payment: Payment, details: ChargeDetails, *, at: datetime) -> tuple[Payment, Change]:
        """What is kept with a payment, otherwise; where the payment stands stays."""
        at = payment.not_before(at)
        changed = replace(payment, details=details, updated_at=at).saved_again()
        told = self._teller.of_payment(EventType.PAYMENT_UPDATED, changed, at, before=payment)
        return changed, Change(payment=changed, events=(told,))


def _kept(
    instrument: SavedInstrument, *, is_new: bool, has_paid: bool, at: datetime
) -> tuple[SavedInstrument, ...]:
    """What becomes of an instrument that was charged."""
    if instrument.customer_id is not None or not (is_new or has_paid):
        return ()
    used_up = instrument.detached(at=at)
    return (replace(used_up, version=1) if is_new else used_up,)
