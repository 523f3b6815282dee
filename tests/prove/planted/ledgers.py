"""Databases with a bug in the books: what came last wins, a refund is one short, a list goes too far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import bindparam, select

from kessai.domain.change import Change
from kessai.domain.money import Money
from kessai.domain.payment import Payment
from kessai.storage.journal import STALE, CommitResult
from kessai.storage.query import Query
from kessai.storage.tables import payments
from tests.prove.planted.databases import Wrapped

_VERSION: Final = Query(select(payments.c.version).where(payments.c.id == bindparam("id")))
_ANY_AMOUNT: Final = 10**12


class LastOneWins(Wrapped):
    """Writes what was decided on an older version as if nothing had happened since."""

    async def commit(self, change: Change) -> CommitResult:
        result = await self._inner.commit(change)
        while result == STALE and change.payment is not None:
            ((version,),) = await self._inner.rows(_VERSION, id=change.payment.id)
            change = replace(change, payment=replace(change.payment, version=version + 1))
            result = await self._inner.commit(change)
        return result


class OneShort(Wrapped):
    """Counts a minor unit too little as given back, with each partial refund."""

    async def commit(self, change: Change) -> CommitResult:
        if change.payment is not None and change.refund is not None:
            change = replace(change, payment=_one_short(change.payment))
        return await self._inner.commit(change)


def _one_short(payment: Payment) -> Payment:
    if not payment.refunded or not payment.refundable:
        return payment
    return replace(payment, refunded=Money(payment.refunded.minor - 1, payment.refunded.currency))


class Unbounded(Wrapped):
    """Forgets the upper bound of the amount that a list was to keep to."""

    async def rows(self, query: Query, **params: object) -> Sequence[tuple[Any, ...]]:
        return await self._inner.rows(query, **_unbounded(params))


def _unbounded(params: dict[str, object]) -> dict[str, object]:
    return {**params, "amount_max": _ANY_AMOUNT} if "amount_max" in params else params
