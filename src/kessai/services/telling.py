"""Making events: every change of what a merchant has is told by one."""

from __future__ import annotations

from datetime import datetime

from kessai.domain.document import Document
from kessai.domain.event import DocumentFact, Event, EventType, PaymentFact
from kessai.domain.ids import EventId
from kessai.domain.payment import Payment
from kessai.domain.refund import Refund
from kessai.services.ports import IdFactory


class Teller:
    """Makes events with ids of their own."""

    def __init__(self, ids: IdFactory) -> None:
        self._ids = ids

    def of_document(
        self, kind: EventType, document: Document, at: datetime, *, before: Document | None = None
    ) -> Event:
        """What happened to a document; `before` is how it stood when it was changed."""
        fact = DocumentFact(document, before)
        return Event(EventId(self._ids.new_id(at)), document.merchant_id, kind, fact, at)

    def of_payment(
        self,
        kind: EventType,
        payment: Payment,
        at: datetime,
        *,
        refund: Refund | None = None,
        before: Payment | None = None,
        refund_before: Refund | None = None,
    ) -> Event:
        """What happened to a payment or to a refund of it; `before` is how it stood when it was changed."""
        fact = PaymentFact(payment, refund, before, refund_before)
        return Event(EventId(self._ids.new_id(at)), payment.merchant_id, kind, fact, at)
