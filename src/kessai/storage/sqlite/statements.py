"""The few hot statements of the SQLite journal, compiled once from the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ClauseElement, bindparam, insert, select, update

from kessai.domain.change import Change
from kessai.domain.idempotency import KeyClaim
from kessai.storage.document_rows import document_to_row
from kessai.storage.event_rows import EVENT_COLUMNS, event_to_row
from kessai.storage.journal import COMMITTED, STALE, UNHEARD, CommitResult, KeyTaken
from kessai.storage.key_rows import claim_from_row, claim_to_row
from kessai.storage.payment_rows import (
    PAYMENT_COLUMNS,
    STATE_COLUMNS,
    payment_to_row,
    refund_to_row,
    state_to_row,
)
from kessai.storage.query import SQLITE
from kessai.storage.saving import FIND_CLAIM, claim_statement, insert_in_order, listening
from kessai.storage.tables import documents, payments, refunds, webhook_events
from kessai.storage.types import moment_text


def _sql(statement: ClauseElement) -> str:
    return str(statement.compile(dialect=SQLITE))


_INSERT_PAYMENT: Final = _sql(insert_in_order(payments, PAYMENT_COLUMNS))
_INSERT_DOCUMENT: Final = _sql(insert(documents))
_INSERT_REFUND: Final = _sql(insert(refunds))
_INSERT_EVENT: Final = _sql(insert(webhook_events))
_FANNED_OUT_AT: Final = EVENT_COLUMNS.index("fanned_out_at")
_OCCURRED_AT: Final = EVENT_COLUMNS.index("occurred_at")
_IS_HEARD: Final = _sql(select(listening(bindparam("merchant_id"))))
_CLAIM: Final = _sql(claim_statement("sqlite"))
_MOVE: Final = _sql(
    update(payments)
    .where(payments.c.id == bindparam("the_id"), payments.c.version == bindparam("expected"))
    .values({name: bindparam(f"new_{name}") for name in STATE_COLUMNS})
)
_FIND_CLAIM: Final = FIND_CLAIM.compiled(SQLITE)


def write_usual(connection: sqlite3.Connection, changes: Iterable[Change]) -> list[CommitResult]:
    """Write Changes of payments on the open transaction, each all or nothing; what became of each.

    What can be in the way of one is looked at before anything that would have to be taken back: nobody else
    writes. New rows go in together at the end, since no Change looks at another's.
    """
    rows = _Rows({}, [], [], [], [])
    results = [_begin(connection, change, rows) for change in changes]
    for sql, values in (
        (_INSERT_DOCUMENT, rows.documents),
        (_INSERT_PAYMENT, rows.payments),
        (_INSERT_REFUND, rows.refunds),
        (_INSERT_EVENT, rows.events),
    ):
        if values:
            connection.executemany(sql, values)
    return results


@dataclass(slots=True)
class _Rows:
    """Rows to insert, and which merchants have somebody listening."""

    is_heard: dict[str, bool]
    documents: list[list[Any]]
    payments: list[list[Any]]
    refunds: list[list[Any]]
    events: list[list[Any]]


def _begin(connection: sqlite3.Connection, change: Change, rows: _Rows) -> CommitResult:
    """Claim the key and move the payment; what is to be inserted after that joins the `rows`."""
    claim, payment, refund = change.claim, change.payment, change.refund
    state = state_to_row(payment) if payment is not None else ()
    if payment is not None and payment.version > 1:
        if claim is not None and (taken := _taken(connection, claim)):
            return taken
        moved = (*_for_sqlite(state), payment.id, payment.version - 1)
        if connection.execute(_MOVE, moved).rowcount == 0:
            return STALE
    if claim is not None and connection.execute(_CLAIM, _for_sqlite(claim_to_row(claim))).rowcount == 0:
        return _taken(connection, claim) or STALE
    for record in change.records:
        rows.documents.append(_for_sqlite(document_to_row(record)))
    if payment is not None and payment.version == 1:
        rows.payments.append(_for_sqlite(payment_to_row(payment, state)))
    if refund is not None:
        rows.refunds.append(_for_sqlite(refund_to_row(refund)))
    is_heard = [
        _tell(connection, event.merchant_id, _for_sqlite(event_to_row(event, payment, state)), rows)
        for event in change.events
    ]
    return COMMITTED if any(is_heard) else UNHEARD


def _tell(connection: sqlite3.Connection, merchant_id: str, event: list[Any], rows: _Rows) -> bool:
    """Add an event's row, fanned out at once if nobody listens (see `told_at_birth`); whether one does."""
    if merchant_id not in rows.is_heard:
        rows.is_heard[merchant_id] = bool(connection.execute(_IS_HEARD, (merchant_id,)).fetchone()[0])
    if not rows.is_heard[merchant_id]:
        event[_FANNED_OUT_AT] = event[_OCCURRED_AT]
    rows.events.append(event)
    return rows.is_heard[merchant_id]


def _taken(connection: sqlite3.Connection, claim: KeyClaim) -> KeyTaken | None:
    row = connection.execute(_FIND_CLAIM.sql, (claim.merchant_id, claim.key)).fetchone()
    if row is None:
        return None
    found = claim_from_row(_FIND_CLAIM.decoded([row])[0])
    return KeyTaken(found) if found.expires_at > claim.created_at else None


def _for_sqlite(values: Iterable[Any]) -> list[Any]:
    return [moment_text(value) if type(value) is datetime else value for value in values]
