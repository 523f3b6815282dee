"""Databases with a bug in the books: what came last wins, a refund is one short, a list goes too far, what is
updated is somebody else's, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Update, bindparam, select, update

from kessai.domain.change import Change
from kessai.domain.endpoint import Endpoint
from kessai.domain.money import Money
from kessai.domain.payment import Payment
from kessai.storage.journal import COMMITTED, STALE, CommitResult
from kessai.storage.query import Query
from kessai.storage.tables import payments, webhook_endpoints
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


class ByUrl(Wrapped):
    """Knows an endpoint by its URL, whoever's it is: what changes of one changes of all."""

    async def commit(self, change: Change) -> CommitResult:
        result = await self._inner.commit(change)
        for each in change.records if result == COMMITTED else ():
            if isinstance(each, Endpoint) and each.version > 1:
                values = {"description": each.description, "updated_at": each.updated_at}
                await self._inner.run(_of_all(update(webhook_endpoints).values(values), each.url))
        return result


def _of_all(statement: Update, url: str) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(statement.where(webhook_endpoints.c.url == url))
