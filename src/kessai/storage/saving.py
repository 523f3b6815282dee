"""Changes written with ordinary statements: the rare kind, the same on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    Insert,
    Table,
    bindparam,
    case,
    exists,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.dialects import sqlite

from kessai.domain.change import Change
from kessai.domain.document import Document
from kessai.domain.idempotency import KeyClaim
from kessai.storage.event_rows import EVENT_COLUMNS, event_to_row
from kessai.storage.journal import COMMITTED, STALE, CommitResult, KeyTaken
from kessai.storage.key_rows import CLAIM_COLUMNS, claim_from_row, claim_to_row
from kessai.storage.payment_rows import PAYMENT_COLUMNS, REFUND_COLUMNS, payment_to_row, refund_to_row
from kessai.storage.query import Query
from kessai.storage.record_rows import record_table, record_values
from kessai.storage.tables import (
    documents,
    idempotency_keys,
    payments,
    refunds,
    webhook_deliveries,
    webhook_endpoints,
    webhook_events,
)


def listening(merchant_id: ColumnElement[str]) -> Exists:
    """Whether a merchant has an endpoint that is switched on."""
    return exists().where(
        webhook_endpoints.c.merchant_id == merchant_id,
        webhook_endpoints.c.is_enabled,
        webhook_endpoints.c.deleted_at.is_(None),
    )


def told_at_birth(merchant_id: ColumnElement[str], at: ColumnElement[datetime]) -> ColumnElement[Any]:
    """When a new event counts as fanned out: at once if its merchant has no endpoint that is switched on.

    Decided by the database as it writes: whoever was told that an endpoint exists finds it hearing.
    """
    return case((listening(merchant_id), null()), else_=at)


def _insert_event() -> Insert:
    values: dict[str, ColumnElement[Any]] = {
        column.name: bindparam(column.name, type_=column.type) for column in webhook_events.columns
    }
    values["fanned_out_at"] = told_at_birth(values["merchant_id"], values["occurred_at"])
    source = select(*(values[name] for name in EVENT_COLUMNS))
    return insert(webhook_events).from_select(list(EVENT_COLUMNS), source)


FIND_CLAIM: Final = Query(
    select(*(idempotency_keys.c[name] for name in CLAIM_COLUMNS)).where(
        idempotency_keys.c.merchant_id == bindparam("merchant_id"), idempotency_keys.c.key == bindparam("key")
    )
)
"""Who has a key, expired or not."""

INSERT_EVENT: Final = _insert_event()
"""One event, its columns as parameters; `fanned_out_at` is the database's to say."""


def is_usual(change: Change) -> bool:
    """Whether the journals' fast statements know this kind of Change."""
    return (
        change.abandoned is None
        and (change.refund is None or change.refund.version == 1)
        and all(
            isinstance(each, Document) and each.version == 1 and not each.is_shared for each in change.records
        )
    )


def save(connection: Connection, change: Change) -> CommitResult:
    """Write `change` on an open transaction, to be rolled back unless the answer is Committed."""
    if change.claim is not None:
        taken = _claim(connection, change.claim)
        if taken is not None:
            return taken
    if not all(_save_row(connection, table, values) for table, values in _rows(change)):
        return STALE
    if change.events:
        rows = [dict(zip(EVENT_COLUMNS, event_to_row(event), strict=True)) for event in change.events]
        connection.execute(INSERT_EVENT, rows)
    return COMMITTED


def _rows(change: Change) -> list[tuple[Table, dict[str, Any]]]:
    """Documents that move on come first: who loses a race for one may make others of the winner's ids."""
    rows = [(record_table(record), record_values(record)) for record in change.records]
    moved = [payment for payment in (change.abandoned, change.payment) if payment is not None]
    rows += [(payments, dict(zip(PAYMENT_COLUMNS, payment_to_row(each), strict=True))) for each in moved]
    if change.refund is not None:
        rows.append((refunds, dict(zip(REFUND_COLUMNS, refund_to_row(change.refund), strict=True))))
    return sorted(rows, key=lambda row: row[0] is not documents or row[1]["version"] == 1)


_MAY_BE_MADE_MEANWHILE: Final = (webhook_deliveries, documents)
"""Where a new row may be there already, and is then to be decided anew: an event that a dispatcher has sent
meanwhile, a document that is shared."""


def _save_row(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    version = values["version"]
    if version == 1 and table in _MAY_BE_MADE_MEANWHILE:
        return connection.execute(insert_or_ignore(table, connection.dialect.name), values).rowcount == 1
    if version == 1:
        connection.execute(insert(table), values)
        return True
    unmoved = (table.c.id == values["id"]) & (table.c.version == version - 1)
    return connection.execute(update(table).where(unmoved).values(**values)).rowcount == 1


def insert_in_order(table: Table, names: Sequence[str]) -> Insert:
    """Insert a row whose values come in the order of `names`; an ordinary insert has the table's."""
    values = [bindparam(name, type_=table.c[name].type) for name in names]
    return insert(table).from_select(list(names), select(*values))


def insert_or_ignore(table: Table, kind: str) -> Any:
    """Insert rows, leaving out those that are there already; in the words of one kind of database."""
    return _insert_into(table, kind).on_conflict_do_nothing()


def _insert_into(table: Table, kind: str) -> Any:
    # The databases spell ON CONFLICT alike, but SQLAlchemy keeps it in their own modules.
    if kind == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)


def claim_statement(kind: str) -> Any:
    """Insert a key, or take over an expired one; no row changes when it is another's."""
    statement = _insert_into(idempotency_keys, kind)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["merchant_id", "key"],
        set_={name: new[name] for name in CLAIM_COLUMNS if name not in ("merchant_id", "key")},
        where=idempotency_keys.c.expires_at <= new.created_at,
    )


def _claim(connection: Connection, claim: KeyClaim) -> CommitResult | None:
    values = dict(zip(CLAIM_COLUMNS, claim_to_row(claim), strict=True))
    statement = claim_statement(connection.dialect.name).returning(idempotency_keys.c.key)
    if connection.execute(statement, values).first() is not None:
        return None
    mine = (idempotency_keys.c.merchant_id == claim.merchant_id) & (idempotency_keys.c.key == claim.key)
    row = connection.execute(select(idempotency_keys).where(mine)).first()
    return KeyTaken(claim_from_row(row)) if row is not None else STALE
