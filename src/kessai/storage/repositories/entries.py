"""Reading the entries of a balance, which have no rows of their own: rows of other tables merged, and sums.

Most payments are captured as they are made: their ids are in the order of their entries. Those that were
captured later, and refunds that failed, are found by the moment of that, with a small index each. Of disputes
and payouts, which are few, all of a merchant's are read.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import (
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
)

from kessai.domain.dispute import Dispute
from kessai.domain.entry import Entry, Holding, Place
from kessai.domain.ids import MerchantId
from kessai.domain.payout import Payout
from kessai.domain.transitions import Status
from kessai.simulation.settlement import (
    AT_ONCE,
    AVAILABLE_AFTER,
    HALF_OF_A_MILLE,
    MILLE,
    RATE_PER_MILLE,
    Settled,
    entries_of,
    fixed_fee,
)
from kessai.storage.journal import Database
from kessai.storage.payment_rows import payment_from_row, refund_from_row, whole
from kessai.storage.places import Span, id_bounds, moment_bounds
from kessai.storage.query import Query
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.repositories.payments import PaymentRepository
from kessai.storage.scanning import SCANNED_MAX, Wanted
from kessai.storage.tables import CAPTURED_LATER, GIVEN_BACK_IN_VAIN, payments, refunds
from kessai.storage.windows import Page

_AT_ONCE: Final = 200
_FEW_AT_ONCE: Final = 1_000


def _by_id(rows: Select[Any], table: Table) -> tuple[Query, Query]:
    """Rows in the order of their ids, from the newer end and from the older."""
    column = table.c.id
    bounded = rows.where(
        table.c.merchant_id == bindparam("merchant_id"),
        column >= bindparam("id_low"),
        column <= bindparam("id_high"),
    ).limit(bindparam("limit"))
    return Query(bounded.order_by(column.desc())), Query(bounded.order_by(column))


def _by_moment(rows: Select[Any], table: Table, moment: str) -> tuple[Query, Query]:
    """Rows in the order of a moment, those of one moment in that of their ids."""
    at, column = table.c[moment], table.c.id
    bounded = rows.where(
        table.c.merchant_id == bindparam("merchant_id"),
        at >= bindparam("at_low"),
        at <= bindparam("at_high"),
        or_(at > bindparam("at_low"), column >= bindparam("id_low")),
        or_(at < bindparam("at_high"), column <= bindparam("id_high")),
    ).limit(bindparam("limit"))
    return Query(bounded.order_by(at.desc(), column.desc())), Query(bounded.order_by(at, column))


_PAYMENTS: Final = select(*whole)
_PROMPT: Final = _by_id(_PAYMENTS.where(payments.c.captured_at == payments.c.created_at), payments)
_LATE: Final = _by_moment(_PAYMENTS.where(text(CAPTURED_LATER)), payments, "captured_at")
_REFUNDS: Final = select(refunds).where(refunds.c.payment_status != Status.VOIDED.value)
"""Those that are none but tell of a hold that was let go are left out: they moved nothing."""
_REFUNDED: Final = _by_id(_REFUNDS, refunds)
_IN_VAIN: Final = _by_moment(_REFUNDS.where(text(GIVEN_BACK_IN_VAIN)), refunds, "updated_at")


_SHARE: Final = (payments.c.captured_amount * RATE_PER_MILLE + HALF_OF_A_MILLE) // MILLE
_IS_PENDING: Final = and_(
    payments.c.captured_at > bindparam("pending_since"), *(payments.c.simulate != name for name in AT_ONCE)
)
_PAID: Final = Query(
    select(
        payments.c.currency,
        case((_IS_PENDING, literal_column("1")), else_=literal_column("0")).label("is_pending"),
        func.count(),
        func.sum(payments.c.captured_amount - _SHARE),
    )
    .where(payments.c.merchant_id == bindparam("merchant_id"), payments.c.captured_amount > 0)
    .group_by(payments.c.currency, "is_pending")
)
_GIVEN_BACK: Final = Query(
    select(refunds.c.currency, func.sum(refunds.c.amount))
    .where(
        refunds.c.merchant_id == bindparam("merchant_id"),
        refunds.c.payment_status != Status.VOIDED.value,
        text(f"NOT {GIVEN_BACK_IN_VAIN}"),
    )
    .group_by(refunds.c.currency)
)


class EntryRepository:
    """Entries of merchants' balances."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._payments = PaymentRepository(database)
        self._disputes = DocumentRepository(database, Dispute)
        self._payouts = DocumentRepository(database, Payout)

    async def of_source(self, merchant_id: MerchantId, source_id: str, *, at: datetime) -> Sequence[Entry]:
        """The entries of whatever has this id, oldest first."""
        source: Settled | None = (
            await self._payments.get(merchant_id, source_id)
            or await self._payments.get_refund(merchant_id, source_id)
            or await self._disputes.get(merchant_id, source_id)
            or await self._payouts.get(merchant_id, source_id)
        )
        return entries_of(source, at) if source is not None else ()

    async def list(
        self,
        merchant_id: MerchantId,
        span: Span,
        *,
        limit: int,
        at: datetime,
        where: Callable[[Entry], bool],
    ) -> Sequence[Entry]:
        """Newest first, at most `limit`, of those for which `where` holds.

        With `span.after` those nearest to it.
        """
        found, _ = await self._scanned(merchant_id, span, limit, at, where, at_most=math.inf)
        return found[:limit][::-1] if span.after is not None else found[:limit]

    async def page(
        self,
        merchant_id: MerchantId,
        span: Span,
        *,
        limit: int,
        at: datetime,
        where: Callable[[Entry], bool],
    ) -> Page[Entry]:
        """The same of what is older among SCANNED_MAX, with where the list goes on even if few were found."""
        found, last = await self._scanned(merchant_id, span, limit + 1, at, where, at_most=SCANNED_MAX)
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else last)

    async def of_payment(self, merchant_id: MerchantId, payment_id: str, *, at: datetime) -> Sequence[Entry]:
        """The entries of a payment, its refunds and its disputes, newest first."""
        payment = await self._payments.get(merchant_id, payment_id)
        if payment is None:
            return ()
        sources: list[Settled] = [
            payment,
            *await _all(partial(self._payments.refunds, merchant_id, payment_id=payment.id, where=_any)),
            *await _all(partial(self._disputes.list, merchant_id), Wanted(owner_id=payment.id)),
        ]
        entries = [entry for source in sources for entry in entries_of(source, at)]
        return sorted(entries, key=lambda each: each.place, reverse=True)

    async def _scanned(
        self,
        merchant_id: MerchantId,
        span: Span,
        limit: int,
        at: datetime,
        where: Callable[[Entry], bool],
        at_most: float,
    ) -> tuple[Sequence[Entry], str | None]:
        """What is wanted, from where the list begins, until it is `limit` or all, or `at_most` were looked
        at; and the id of the last one looked at, None at the end.
        """
        low, high = span.bounds
        is_upward = span.after is not None
        documents = await self._of_documents(merchant_id, at)
        found: list[Entry] = []
        last: str | None = None
        scanned, at_once = 0, limit
        while len(found) < limit and scanned < at_most and low < high:
            rows = await self._of_rows(merchant_id, low, high, at_once, at, is_upward=is_upward)
            inside = [each for each in (*rows, *documents) if low < each.place < high]
            part = sorted(inside, key=lambda each: each.place, reverse=not is_upward)[:at_once]
            found += [each for each in part if where(each)]
            scanned += len(part)
            if len(part) < at_once:
                return found, None
            last = part[-1].id
            low, high = (part[-1].place, high) if is_upward else (low, part[-1].place)
            at_once = max(limit, _AT_ONCE)
        return found, last

    async def holdings(self, merchant_id: MerchantId, *, at: datetime) -> dict[str, Holding]:
        """What there is by currency: the sums of all entries."""
        sums: defaultdict[str, Holding] = defaultdict(Holding)
        since = at - AVAILABLE_AFTER
        paid = await self._database.rows(_PAID, merchant_id=merchant_id, pending_since=since)
        for currency, is_pending, count, net in paid:
            left = int(net) - count * fixed_fee(currency)
            sums[currency] += Holding(pending=left) if is_pending else Holding(available=left)
        for currency, given in await self._database.rows(_GIVEN_BACK, merchant_id=merchant_id):
            sums[currency] += Holding(available=-int(given))
        for each in await self._of_documents(merchant_id, at):
            sums[each.currency] += Holding(available=each.net)
        return dict(sums)

    async def _of_rows(
        self, merchant_id: MerchantId, low: Place, high: Place, limit: int, at: datetime, *, is_upward: bool
    ) -> Sequence[Entry]:
        """The nearest entries of payments and refunds, and maybe some that lie at a bound."""
        # One more each: what lies at a bound is read too, since places know better than ids what comes first.
        of_ids = {"merchant_id": merchant_id, "limit": limit + 1, **id_bounds(low, high)}
        of_moments = {"merchant_id": merchant_id, "limit": limit + 1, **moment_bounds(low, high)}
        sources: list[Settled] = []
        for queries, given in ((_PROMPT, of_ids), (_LATE, of_moments)):
            rows = await self._database.rows(queries[is_upward], **given)
            sources += map(payment_from_row, rows)
        for queries, given in ((_REFUNDED, of_ids), (_IN_VAIN, of_moments)):
            rows = await self._database.rows(queries[is_upward], **given)
            sources += map(refund_from_row, rows)
        # A refund that failed may have been found both ways.
        return _distinct(entry for source in sources for entry in entries_of(source, at))

    async def _of_documents(self, merchant_id: MerchantId, at: datetime) -> Sequence[Entry]:
        found: list[Settled] = [
            *await _all(partial(self._disputes.list, merchant_id)),
            *await _all(partial(self._payouts.list, merchant_id)),
        ]
        return [entry for source in found for entry in entries_of(source, at)]


async def _all(listed: Callable[..., Awaitable[Sequence[Any]]], wanted: Wanted | None = None) -> list[Any]:
    found: list[Any] = []
    wanted = wanted or Wanted()
    while page := await listed(wanted, limit=_FEW_AT_ONCE):
        found += page
        if len(page) < _FEW_AT_ONCE:
            break
        wanted = replace(wanted, before=page[-1].id)
    return found


def _distinct(entries: Iterable[Entry]) -> list[Entry]:
    return list({each.id: each for each in entries}.values())


def _any(_each: object) -> bool:
    return True
