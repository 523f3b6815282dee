"""A batch of Changes as one PostgreSQL statement, built from the tables and compiled once.

Arrays come in through `unnest`, one per column; `ON CONFLICT` and the version in the `WHERE` decide each
Change by itself. Everything is one snapshot, so the order is: lock the payments that are to move and see
whether they are still at the version expected, then claim keys for those, then write what got both.
Rows are locked and keys claimed in sorted order, so that two batches never wait for each other in a ring.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    Integer,
    Table,
    and_,
    any_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import NamedFromClause, Select

from kessai.domain.change import Change
from kessai.storage.document_rows import DOCUMENT_COLUMNS, document_to_row
from kessai.storage.event_rows import event_to_row
from kessai.storage.key_rows import CLAIM_COLUMNS, claim_to_row
from kessai.storage.payment_rows import PAYMENT_COLUMNS, payment_to_row, refund_to_row, state_to_row
from kessai.storage.postgresql.dialect import POSTGRESQL
from kessai.storage.saving import claim_statement, told_at_birth
from kessai.storage.tables import documents, idempotency_keys, payments, refunds, webhook_events


def _columns(table: Table) -> list[tuple[str, Any]]:
    return [(str(column.name), column.type) for column in table.columns]


def _named(array: str) -> ColumnElement[bool]:
    """Whether a payment is one of those in an array parameter: what its primary key finds."""
    return payments.c.id == any_(bindparam(array, type_=ARRAY(payments.c.id.type)))


def _arrays(name: str, columns: Sequence[tuple[str, Any]]) -> NamedFromClause:
    """A derived table from one array parameter per column, named `name.column`."""
    arrays = [bindparam(f"{name}_{column}", type_=ARRAY(kind)) for column, kind in columns]
    shape = [Column(column, kind) for column, kind in columns]
    return func.unnest(*arrays).table_valued(*shape, name=name).render_derived()


_POSITION: Final = ("position", Integer())
_CHANGE: Final = _arrays(
    "change",
    [
        _POSITION,
        *_columns(idempotency_keys),
        ("payment_id", payments.c.id.type),
        ("expected", payments.c.version.type),
    ],
)


def _new(table: Table, name: str, winners: CTE) -> CTE:
    rows = _arrays(name, [_POSITION, *_columns(table)])
    values: dict[str, ColumnElement[Any]] = {column: rows.c[column] for column, _ in _columns(table)}
    if table is webhook_events:
        values["fanned_out_at"] = told_at_birth(rows.c.merchant_id, rows.c.occurred_at)
    source = select(*values.values()).join_from(rows, winners, rows.c.position == winners.c.position)
    added = insert(table).from_select(list(values), source)
    if table is webhook_events:
        return added.returning(webhook_events.c.fanned_out_at).cte(f"add_{name}")
    return added.cte(f"add_{name}")


def _locked() -> CTE:
    is_as_expected = and_(payments.c.id == _CHANGE.c.payment_id, payments.c.version == _CHANGE.c.expected)
    return (
        select(payments.c.id)
        .join_from(payments, _CHANGE, is_as_expected)
        .where(_named("change_payment_id"))
        .order_by(payments.c.id)
        .with_for_update(of=payments)
        .cte("locked")
    )


def _ready(locked: CTE) -> CTE:
    is_free = or_(_CHANGE.c.payment_id.is_(None), locked.c.id.is_not(None))
    return (
        select(_CHANGE).outerjoin_from(_CHANGE, locked, locked.c.id == _CHANGE.c.payment_id).where(is_free)
    ).cte("ready")


def _claimed(ready: CTE) -> CTE:
    source = (
        select(*(ready.c[name] for name in CLAIM_COLUMNS))
        .where(ready.c.key.is_not(None))
        .order_by(ready.c.merchant_id, ready.c.key)
    )
    claimed: CTE = (
        claim_statement("postgresql")
        .from_select(list(CLAIM_COLUMNS), source)
        .returning(idempotency_keys.c.merchant_id, idempotency_keys.c.key)
        .cte("claimed")
    )
    return claimed


def _winners(ready: CTE, claimed: CTE) -> CTE:
    is_mine = and_(claimed.c.merchant_id == ready.c.merchant_id, claimed.c.key == ready.c.key)
    return (
        select(ready.c.position)
        .outerjoin_from(ready, claimed, is_mine)
        .where(or_(ready.c.key.is_(None), claimed.c.key.is_not(None)))
        .cte("winners")
    )


def _move(winners: CTE) -> CTE:
    rows = _arrays("moved", [_POSITION, *_columns(payments)])
    values = {name: rows.c[name] for name in PAYMENT_COLUMNS if name not in ("id", "merchant_id")}
    return (
        update(payments)
        .values(values)
        .where(_named("moved_id"), payments.c.id == rows.c.id, rows.c.position == winners.c.position)
        .cte("move_payments")
    )


def _statement() -> Select[Any]:
    locked = _locked()
    ready = _ready(locked)
    claimed = _claimed(ready)
    winners = _winners(ready, claimed)
    writes = (
        _new(documents, "document", winners),
        _new(payments, "payment", winners),
        _move(winners),
        _new(refunds, "refund", winners),
    )
    told = _new(webhook_events, "event", winners)
    is_heard = exists().where(told.c.fanned_out_at.is_(None))
    outcome = select(ready.c.position, winners.c.position.is_not(None), is_heard).outerjoin_from(
        ready, winners, winners.c.position == ready.c.position
    )
    return outcome.add_cte(*writes)


_COMPILED: Final = _statement().compile(dialect=POSTGRESQL)
SQL: Final = str(_COMPILED)
_NAMES: Final = tuple(_COMPILED.positiontup or ())


def parameters(changes: Sequence[Change]) -> list[list[Any]]:
    """The statement's arrays for these Changes, in its order."""
    tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _SHAPES}
    for position, change in enumerate(changes):
        _spread(tables, position, change)
    by_name: dict[str, list[Any]] = {}
    for name, columns in _SHAPES.items():
        by_name.update(zip(columns, _transposed(tables[name], len(columns)), strict=True))
    return [by_name[name] for name in _NAMES]


def _spread(tables: dict[str, list[tuple[Any, ...]]], position: int, change: Change) -> None:
    payment, refund = change.payment, change.refund
    moves = payment is not None and payment.version > 1
    key = claim_to_row(change.claim) if change.claim else _NO_CLAIM
    target = (payment.id, payment.version - 1) if payment is not None and moves else (None, None)
    tables["change"].append((position, *key, *target))
    state = state_to_row(payment) if payment is not None else ()
    tables["document"].extend((position, *document_to_row(each)) for each in change.records)
    if payment is not None:
        tables["moved" if moves else "payment"].append((position, *payment_to_row(payment, state)))
    if refund is not None:
        tables["refund"].append((position, *refund_to_row(refund)))
    tables["event"].extend((position, *event_to_row(event, payment, state)) for event in change.events)


def _transposed(rows: list[tuple[Any, ...]], width: int) -> Iterable[list[Any]]:
    return map(list, zip(*rows, strict=True)) if rows else ([] for _ in range(width))


def _shape(name: str, columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{name}_{column}" for column in ("position", *columns))


_NO_CLAIM: Final = (None,) * len(CLAIM_COLUMNS)
_SHAPES: Final = {
    "change": _shape("change", (*CLAIM_COLUMNS, "payment_id", "expected")),
    "payment": _shape("payment", PAYMENT_COLUMNS),
    "moved": _shape("moved", PAYMENT_COLUMNS),
    "document": _shape("document", DOCUMENT_COLUMNS),
    "refund": _shape("refund", (str(column.name) for column in refunds.columns)),
    "event": _shape("event", (str(column.name) for column in webhook_events.columns)),
}
