"""The few hot statements of the SQLite journal, compiled once from the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ClauseElement, bindparam, insert, update

from kessai.domain.change import Change
from kessai.domain.idempotency import KeyClaim
from kessai.storage.event_rows import EVENT_COLUMNS, event_to_row
from kessai.storage.journal import COMMITTED, STALE, CommitResult, KeyTaken
from kessai.storage.key_rows import claim_from_row, claim_to_row
from kessai.storage.payment_rows import PAYMENT_COLUMNS, payment_to_row, refund_to_row
from kessai.storage.query import SQLITE
from kessai.storage.saving import FIND_CLAIM, INSERT_EVENT, claim_statement
from kessai.storage.tables import payments, refunds
from kessai.storage.types import moment_text

FIXED_COLUMNS: Final = frozenset(
    {
        *("id", "merchant_id", "amount", "currency", "capture_method", "simulate", "delay_s", "created_at"),
        *("expires_in_s", "description", "customer_email", "reference", "metadata"),
        *("instrument_type", "instrument_brand", "instrument_last4"),
    }
)
"""What a payment keeps for life."""

MOVING_COLUMNS: Final = tuple(name for name in PAYMENT_COLUMNS if name not in FIXED_COLUMNS)


def _sql(statement: ClauseElement) -> str:
    return str(statement.compile(dialect=SQLITE))


_INSERT_PAYMENT: Final = _sql(insert(payments))
_INSERT_REFUND: Final = _sql(insert(refunds))
_EVENT: Final = INSERT_EVENT.compile(dialect=SQLITE)
_INSERT_EVENT: Final = str(_EVENT)
_EVENT_ORDER: Final = tuple(EVENT_COLUMNS.index(name) for name in _EVENT.positiontup or ())
_CLAIM: Final = _sql(claim_statement("sqlite"))
_MOVE: Final = _sql(
    update(payments)
    .where(payments.c.id == bindparam("the_id"), payments.c.version == bindparam("expected"))
    .values({name: bindparam(f"new_{name}") for name in MOVING_COLUMNS})
)
_FIND_CLAIM: Final = FIND_CLAIM.compiled(SQLITE)


def _for_sqlite(values: Iterable[Any]) -> list[Any]:
    return [moment_text(value) if type(value) is datetime else value for value in values]


def write_usual(connection: sqlite3.Connection, change: Change) -> CommitResult:
    """Write a Change of a payment on the open transaction.

    All that can be in the way is looked at before the first row is written: nobody else writes.
    """
    claim, payment, refund = change.claim, change.payment, change.refund
    if claim is not None and (taken := _taken(connection, claim)):
        return taken
    if payment is not None:
        row = payment_to_row(payment)
        if payment.version == 1:
            connection.execute(_INSERT_PAYMENT, _for_sqlite(row))
        else:
            by_name = dict(zip(PAYMENT_COLUMNS, row, strict=True))
            moved = _for_sqlite(by_name[name] for name in MOVING_COLUMNS)
            if connection.execute(_MOVE, (*moved, payment.id, payment.version - 1)).rowcount == 0:
                return STALE
    if claim is not None:
        connection.execute(_CLAIM, _for_sqlite(claim_to_row(claim)))
    if refund is not None:
        connection.execute(_INSERT_REFUND, _for_sqlite(refund_to_row(refund)))
    for event in change.events:
        told = _for_sqlite(event_to_row(event))
        connection.execute(_INSERT_EVENT, [told[position] for position in _EVENT_ORDER])
    return COMMITTED


def _taken(connection: sqlite3.Connection, claim: KeyClaim) -> KeyTaken | None:
    row = connection.execute(_FIND_CLAIM.sql, (claim.merchant_id, claim.key)).fetchone()
    if row is None:
        return None
    found = claim_from_row(_FIND_CLAIM.decoded([row])[0])
    return KeyTaken(found) if found.expires_at > claim.created_at else None
