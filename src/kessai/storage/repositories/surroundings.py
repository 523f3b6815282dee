"""Reading what surrounds the subject of an event, within the transaction that tells of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Final, TypeVar

from sqlalchemy import Connection, bindparam, select

from kessai.domain.customer import Customer
from kessai.domain.event import DocumentFact, Event, PaymentFact
from kessai.domain.ids import PaymentId
from kessai.domain.intent import Intent
from kessai.domain.payment import Payment
from kessai.domain.refund import Refund
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.surroundings import Look, Surroundings
from kessai.storage.among import KINDS, among, listed
from kessai.storage.document_rows import document_from_row
from kessai.storage.journal import Database
from kessai.storage.payment_rows import payment_from_row, refund_from_row, whole
from kessai.storage.query import Query
from kessai.storage.tables import documents, payments, refunds
from kessai.storage.windows import not_indexed

T = TypeVar("T")

_SEEN_MAX: Final = 100
"""Rows of one kind: ten times what a body shows of them."""

# Ids sort by the moment they were made at: what came about together with an event has the lower one.
TRIES: Final = Query(
    select(*whole)
    .where(
        not_indexed(payments.c.merchant_id) == bindparam("merchant_id"),
        payments.c.intent_id == bindparam("intent_id"),
        payments.c.id < bindparam("before"),
    )
    .order_by(payments.c.id.desc())
    .limit(_SEEN_MAX)
)
GIVEN_BACK: Final = {
    kind: Query(
        select(refunds)
        .where(
            not_indexed(refunds.c.merchant_id) == bindparam("merchant_id"),
            among(refunds.c.payment_id, "payment_ids", kind),
            refunds.c.id < bindparam("before"),
        )
        .order_by(refunds.c.id.desc())
        .limit(_SEEN_MAX)
    )
    for kind in KINDS
}
INSTRUMENTS: Final = Query(
    select(documents.c.kind, documents.c.body)
    .where(
        not_indexed(documents.c.merchant_id) == bindparam("merchant_id"),
        documents.c.owner_id == bindparam("customer_id"),
        documents.c.kind == SavedInstrument.kind,
        documents.c.deleted_at.is_(None),
    )
    .order_by(documents.c.id.desc())
    .limit(_SEEN_MAX)
)


def look_around(connection: Connection, event: Event) -> Look:
    """What looks around an event, once at most, as long as the transaction is open."""
    return cache(partial(_surroundings, connection, event))


class SurroundingsRepository:
    """The same for who has no transaction open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seen(self, unit: Callable[[Callable[[Event], Look]], T]) -> T:
        """What `unit` makes of looks around events."""
        return await self._database.run(lambda connection: unit(partial(look_around, connection)))


def _surroundings(connection: Connection, event: Event) -> Surroundings:
    match event.fact:
        case PaymentFact(payment, refund):
            return Surroundings(refunds=_refunds(connection, event, [payment.id], refund))
        case DocumentFact(Intent() as intent):
            tries = _payments(connection, event, intent)
            given_back = _refunds(connection, event, [each.id for each in tries])
            return Surroundings(tries, given_back)
        case DocumentFact(Customer() as customer):
            return Surroundings(instruments=_instruments(connection, event, customer))
        case _:
            return Surroundings()


def _payments(connection: Connection, event: Event, intent: Intent) -> list[Payment]:
    wanted = {"merchant_id": event.merchant_id, "intent_id": intent.id, "before": event.id}
    return [payment_from_row(row) for row in TRIES.within(connection, **wanted)]


def _refunds(
    connection: Connection, event: Event, payment_ids: Sequence[PaymentId], told: Refund | None = None
) -> list[Refund]:
    kind = connection.dialect.name
    among_these = listed(payment_ids, kind)
    wanted = {"merchant_id": event.merchant_id, "payment_ids": among_these, "before": event.id}
    found = (refund_from_row(row) for row in GIVEN_BACK[kind].within(connection, **wanted))
    # What the event tells of is as it was then.
    return [told if told is not None and each.id == told.id else each for each in found]


def _instruments(connection: Connection, event: Event, customer: Customer) -> list[SavedInstrument]:
    wanted = {"merchant_id": event.merchant_id, "customer_id": customer.id}
    read = (document_from_row(*row) for row in INSTRUMENTS.within(connection, **wanted))
    # A customer is told of before the instrument that came with them.
    return [each for each in read if isinstance(each, SavedInstrument) and each.created_at <= event.at]
