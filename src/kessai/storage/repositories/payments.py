"""Reading payments and refunds. Every read for a merchant names it; lists are newest first, by keyset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, select, text

from kessai.domain.ids import MerchantId, PaymentId, RefundId
from kessai.domain.payment import Payment
from kessai.domain.refund import Refund
from kessai.domain.transitions import Status
from kessai.storage.journal import Database
from kessai.storage.payment_rows import payment_from_row, refund_from_row, whole
from kessai.storage.query import Query
from kessai.storage.scanning import Scan, Wanted
from kessai.storage.tables import IS_NOT_CAPTURED, payments, refunds
from kessai.storage.windows import Page, Reads, bounds, not_indexed, read_page, reads


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """What a list of payments is narrowed by; None means any."""

    status: str | None = None
    currency: str | None = None
    customer_email: str | None = None
    reference: str | None = None
    simulate: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    amount_min: int | None = None
    amount_max: int | None = None


_MINE: Final = payments.c.merchant_id == bindparam("merchant_id")
_SERVED: Final[dict[str, ColumnElement[bool]]] = {
    "reference": payments.c.reference == bindparam("reference"),
    "customer_email": payments.c.customer_email == bindparam("customer_email"),
    "status": and_(payments.c.status == bindparam("status"), text(f"payments.{IS_NOT_CAPTURED}")),
}
"""What an index answers, the one first that leaves least. One of them is taken, the others are looked at."""
_LOOKED_AT: Final[dict[str, ColumnElement[bool]]] = {
    **{name: not_indexed(payments.c[name]) == bindparam(name) for name in _SERVED},
    "currency": payments.c.currency == bindparam("currency"),
    "simulate": payments.c.simulate == bindparam("simulate"),
    "created_from": payments.c.created_at >= bindparam("created_from"),
    "created_to": payments.c.created_at < bindparam("created_to"),
    "amount_min": payments.c.amount >= bindparam("amount_min"),
    "amount_max": payments.c.amount <= bindparam("amount_max"),
}


def _read(table: Table) -> Select[Any]:
    return select(*whole) if table is payments else select(table)


def _by_id(table: Table) -> Query:
    mine = (table.c.id == bindparam("id")) & (table.c.merchant_id == bindparam("merchant_id"))
    return Query(_read(table).where(mine), by_key=True)


def _due(table: Table) -> Query:
    due = table.c.due_at <= bindparam("at")
    # Few rows and an index of nothing else: as good as a point.
    return Query(_read(table).where(due).order_by(table.c.due_at).limit(bindparam("limit")), is_point=True)


_PAYMENT: Final = _by_id(payments)
_REFUND: Final = _by_id(refunds)
_ANY_PAYMENT: Final = Query(select(*whole).where(payments.c.id == bindparam("id")), by_key=True)
_ANY_REFUND: Final = Query(select(refunds).where(refunds.c.id == bindparam("id")), by_key=True)
_REFUNDS_OF: Final = Query(
    select(refunds)
    .where(refunds.c.payment_id == bindparam("payment_id"), refunds.c.merchant_id == bindparam("merchant_id"))
    .order_by(refunds.c.id.desc())
    .limit(bindparam("limit"))
)
_REFUNDS_BEFORE: Final = Query(
    select(refunds)
    .where(
        refunds.c.payment_id == bindparam("payment_id"),
        refunds.c.merchant_id == bindparam("merchant_id"),
        refunds.c.id < bindparam("before"),
    )
    .order_by(refunds.c.id.desc())
    .limit(bindparam("limit"))
)
_DUE_PAYMENTS: Final = _due(payments)
_DUE_REFUNDS: Final = _due(refunds)


@cache
def _listing(filters: frozenset[str], served: str | None) -> Reads:
    # At most one for each combination of filters; their number is bounded by the filters there are.
    others = [_LOOKED_AT[name] for name in sorted(filters) if name != served]
    return reads(select(*whole), payments, [_MINE, _SERVED[served]] if served else [_MINE], others)


def _served(params: Mapping[str, Any]) -> str | None:
    """The filter whose index is taken, if any has one."""
    has_index = {name for name in params if name != "status" or params[name] != Status.CAPTURED}
    return next((name for name in _SERVED if name in has_index), None)


_TRIED: Final = Scan(
    select(*whole).where(_MINE),
    payments,
    payment_from_row,
    {"intent_id": payments.c.intent_id == bindparam("intent_id")},
)
_GIVEN_BACK: Final = Scan(
    select(refunds).where(refunds.c.merchant_id == bindparam("merchant_id")),
    refunds,
    refund_from_row,
    {"payment_id": refunds.c.payment_id == bindparam("payment_id")},
)


class PaymentRepository:
    """Payments and their refunds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, merchant_id: MerchantId, payment_id: str) -> Payment | None:
        """A merchant's payment."""
        rows = await self._database.rows(_PAYMENT, id=payment_id, merchant_id=merchant_id)
        return payment_from_row(rows[0]) if rows else None

    async def get_any(self, payment_id: str) -> Payment | None:
        """A payment whoever's it is: for its payer and for the clock, never for a merchant."""
        rows = await self._database.rows(_ANY_PAYMENT, id=payment_id)
        return payment_from_row(rows[0]) if rows else None

    async def due(self, at: datetime, limit: int) -> list[Payment]:
        """Payments that the clock is to move, the longest overdue first."""
        rows = await self._database.rows(_DUE_PAYMENTS, at=at, limit=limit)
        return [payment_from_row(row) for row in rows]

    async def get_refund(self, merchant_id: MerchantId, refund_id: str) -> Refund | None:
        """A merchant's refund."""
        rows = await self._database.rows(_REFUND, id=refund_id, merchant_id=merchant_id)
        return refund_from_row(rows[0]) if rows else None

    async def get_any_refund(self, refund_id: str) -> Refund | None:
        """A refund whoever's it is: for its payer, never for a merchant."""
        rows = await self._database.rows(_ANY_REFUND, id=refund_id)
        return refund_from_row(rows[0]) if rows else None

    async def refunds_of(
        self, merchant_id: MerchantId, payment_id: str, *, before: RefundId | None, limit: int
    ) -> list[Refund]:
        """A payment's refunds, newest first."""
        params: dict[str, Any] = {"merchant_id": merchant_id, "payment_id": payment_id, "limit": limit}
        if before is not None:
            params["before"] = before
        query = _REFUNDS_OF if before is None else _REFUNDS_BEFORE
        return [refund_from_row(row) for row in await self._database.rows(query, **params)]

    async def tries(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        intent_id: str | None,
        limit: int,
        where: Callable[[Payment], bool],
    ) -> Sequence[Payment]:
        """Payments for which `where` holds, of an intent or of any, newest first; both ways from a cursor."""
        params = {**wanted.params, **({} if intent_id is None else {"intent_id": intent_id})}
        return await _TRIED.page(self._database, params, limit=limit, where=where, merchant_id=merchant_id)

    async def of_customer(
        self, merchant_id: MerchantId, customer_id: str, wanted: Wanted, *, limit: int
    ) -> Page[Payment]:
        """Payments by a customer, newest first, at most `limit`, with where the list goes on."""
        # Who paid is in details that no index knows.
        return await _TRIED.window(
            self._database,
            wanted.params,
            limit=limit,
            where=lambda each: each.details is not None and each.details.customer_id == customer_id,
            merchant_id=merchant_id,
        )

    async def refunds(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        payment_id: str | None,
        limit: int,
        where: Callable[[Refund], bool],
    ) -> Sequence[Refund]:
        """Refunds for which `where` holds, of a payment or of any, newest first; both ways from a cursor."""
        params = {**wanted.params, **({} if payment_id is None else {"payment_id": payment_id})}
        return await _GIVEN_BACK.page(
            self._database, params, limit=limit, where=where, merchant_id=merchant_id
        )

    async def due_refunds(self, at: datetime, limit: int) -> list[Refund]:
        """Refunds that the bank is to answer, the longest overdue first."""
        rows = await self._database.rows(_DUE_REFUNDS, at=at, limit=limit)
        return [refund_from_row(row) for row in rows]

    async def list(
        self, merchant_id: MerchantId, wanted: PaymentFilter, *, before: PaymentId | None, limit: int
    ) -> Page[Payment]:
        """Newest first, at most `limit`, older than `before`; fewer when LOOKED_AT_MAX rows hold no more."""
        given = ((field.name, getattr(wanted, field.name)) for field in fields(wanted))
        params: dict[str, Any] = {name: value for name, value in given if value is not None}
        listing = _listing(frozenset(params), _served(params))
        within = bounds(wanted.created_from, wanted.created_to, before)
        facts = {"merchant_id": merchant_id, **params, **within}
        page = await read_page(self._database, listing, facts, limit=limit)
        return Page([payment_from_row(row) for row in page.found], page.last)
