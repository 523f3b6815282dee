"""A merchant's balance and its entries, derived from payments, refunds, disputes and payouts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from kessai.domain.entry import Entry, Holding, reversed_id
from kessai.domain.errors import NotFoundError
from kessai.domain.ids import MerchantId
from kessai.storage.journal import Database
from kessai.storage.places import Span
from kessai.storage.repositories.entries import EntryRepository
from kessai.storage.windows import Page


class Balances:
    """The use cases of balances; nothing is ever written."""

    def __init__(self, database: Database) -> None:
        self._repository = EntryRepository(database)

    async def holdings(self, merchant_id: MerchantId, *, at: datetime) -> Mapping[str, Holding]:
        """What there is, by currency, of those in which there ever was anything."""
        return await self._repository.holdings(merchant_id, at=at)

    async def get(self, merchant_id: MerchantId, entry_id: str, *, at: datetime) -> Entry:
        """A merchant's entry.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        source_id = reversed_id(entry_id) or entry_id
        found = await self._repository.of_source(merchant_id, source_id, at=at)
        entry = next((each for each in found if each.id == entry_id), None)
        if entry is None:
            raise NotFoundError("balance transaction")
        return entry

    async def of_source(self, merchant_id: MerchantId, source_id: str, *, at: datetime) -> Sequence[Entry]:
        """The entries of one payment, refund, dispute or payout, newest first; none of what has none."""
        return (await self._repository.of_source(merchant_id, source_id, at=at))[::-1]

    async def list(
        self,
        merchant_id: MerchantId,
        span: Span,
        *,
        limit: int,
        at: datetime,
        where: Callable[[Entry], bool] = lambda _each: True,
    ) -> Sequence[Entry]:
        """Newest first; one more than `limit` when there is more."""
        return await self._repository.list(merchant_id, span, limit=limit + 1, at=at, where=where)

    async def page(
        self,
        merchant_id: MerchantId,
        span: Span,
        *,
        limit: int,
        at: datetime,
        where: Callable[[Entry], bool],
        payment_id: str | None = None,
    ) -> Page[Entry]:
        """The same, of one payment with its refunds and disputes, or of all; says where the list goes on."""
        if payment_id is None:
            return await self._repository.page(merchant_id, span, limit=limit, at=at, where=where)
        low, high = span.bounds
        of_payment = await self._repository.of_payment(merchant_id, payment_id, at=at)
        found = [each for each in of_payment if low < each.place < high and where(each)]
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)
