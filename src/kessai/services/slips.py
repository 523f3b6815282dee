"""Slips: what a payer was given to pay with elsewhere is paid before its time, or lapses."""

from __future__ import annotations

from datetime import datetime

from kessai.domain.change import Change
from kessai.domain.errors import NotFoundError, TransitionNotAllowedError
from kessai.domain.instrument import PAID_WITH_SLIP
from kessai.domain.outcome import Approved
from kessai.domain.payment import Payment
from kessai.domain.transitions import Action, requestable_from
from kessai.services.intent_following import IntentFollower
from kessai.services.payments import Payments
from kessai.simulation.decide import verdict_later
from kessai.simulation.table import UNPAID
from kessai.storage.journal import Database
from kessai.storage.repositories.payments import PaymentRepository


class Slips:
    """The use cases of slips, which are known by their payments. Who asked commits what they return."""

    def __init__(self, database: Database, payments: Payments, follower: IntentFollower) -> None:
        self._repository = PaymentRepository(database)
        self._payments = payments
        self._follower = follower

    async def get(self, payment_id: str) -> Payment:
        """A payment whose payer has or had a slip, whoever's it is.

        Raises:
            NotFoundError: there is no such payment, or it has never had one.
        """
        payment = await self._repository.get_any(payment_id)
        if payment is None or not _had_slip(payment):
            raise NotFoundError("payment")
        return payment

    async def settle(self, payment: Payment, *, is_paid: bool, at: datetime) -> tuple[Payment, Change]:
        """The payer paid, or will not any more; what becomes of the intent comes with it.

        What is paid comes to what was simulated, unless that is that nobody pays.

        Raises:
            TransitionNotAllowedError: it was paid, has lapsed, or was given up.
        """
        if payment.slip is None:
            raise TransitionNotAllowedError(
                action="settle", status=payment.status.value, allowed=requestable_from(payment.status)
            )
        later = verdict_later(payment.order.simulate)
        paid = Approved() if later == UNPAID else later
        settled, change = self._payments.settle(payment, paid if is_paid else UNPAID, at=at)
        followed = await self._follower.follow(change)
        return followed.payment or settled, followed


def _had_slip(payment: Payment) -> bool:
    instrument = payment.order.instrument
    was_deferred = any(each.action is Action.DEFER for each in payment.transitions)
    return was_deferred and instrument is not None and instrument.type in PAID_WITH_SLIP
