"""What happened to a payment: its state changes, what was told of them, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kessai.domain.delivery import Attempt, Delivery
from kessai.domain.errors import NotFoundError
from kessai.domain.event import Event
from kessai.domain.ids import MerchantId
from kessai.domain.payment import Payment
from kessai.storage.journal import Database
from kessai.storage.repositories.deliveries import DeliveryRepository
from kessai.storage.repositories.events import EventRepository
from kessai.storage.repositories.payments import PaymentRepository

SHOWN_MAX: Final = 500
"""Events and deliveries of one payment: each refund adds one, so a timeline needs a bound."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A payment with its history, each part oldest first."""

    payment: Payment
    events: list[Event]
    attempts: list[tuple[Delivery, Attempt]]


class Timelines:
    """Reads a payment's history."""

    def __init__(self, database: Database) -> None:
        self._payments = PaymentRepository(database)
        self._events = EventRepository(database)
        self._deliveries = DeliveryRepository(database)

    async def of_payment(self, merchant_id: MerchantId, payment_id: str) -> Timeline:
        """The history of a merchant's payment.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        payment = await self._payments.get(merchant_id, payment_id)
        if payment is None:
            raise NotFoundError("payment")
        reports = await self._deliveries.of_payment(merchant_id, payment.id, limit=SHOWN_MAX)
        return Timeline(
            payment,
            await self._events.of_payment(merchant_id, payment.id, limit=SHOWN_MAX),
            [(report.delivery, attempt) for report in reports for attempt in report.attempts],
        )
