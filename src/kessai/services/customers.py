"""Customers: who pays more than once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from kessai.domain.change import Change
from kessai.domain.customer import Customer
from kessai.domain.event import EventType
from kessai.domain.ids import MerchantId, short_id
from kessai.domain.saved_instrument import SavedInstrument
from kessai.services.finding import found, living
from kessai.services.ports import IdFactory
from kessai.services.telling import Teller
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.scanning import Wanted


class Customers:
    """The use cases of customers. Methods that write return what is to be written; who asked commits it."""

    def __init__(self, database: Database, ids: IdFactory, teller: Teller) -> None:
        self._repository = DocumentRepository(database, Customer)
        self._ids = ids
        self._teller = teller

    def create(
        self,
        merchant_id: MerchantId,
        facts: Mapping[str, Any],
        *,
        at: datetime,
        shown_at: datetime | None = None,
    ) -> tuple[Customer, Change]:
        """A new customer; `facts` are fields of one. `shown_at` is when it was made by a clock of its own.

        Ids are always of the real moment: lists and their bounds go by that.
        """
        made = Customer(
            **{"metadata": {}, "details": {}, **facts},
            id=short_id(self._ids.new_id(at)),
            merchant_id=merchant_id,
            created_at=shown_at or at,
            updated_at=at,
        )
        told = self._teller.of_document(EventType.CUSTOMER_CREATED, made, at)
        return made, Change(records=(made,), events=(told,))

    async def get(self, merchant_id: MerchantId, customer_id: str) -> Customer:
        """A merchant's customer, a deleted one too.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get(merchant_id, customer_id), "customer")

    async def living(self, merchant_id: MerchantId, customer_id: str) -> Customer:
        """The same, and a deleted one is as unknown."""
        return living(await self.get(merchant_id, customer_id), "customer")

    async def list(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[Customer], bool] = lambda _each: True,
    ) -> Sequence[Customer]:
        """Newest first; one more than `limit` when there is more."""
        return await self._repository.list(merchant_id, wanted, limit=limit + 1, where=where)

    def update(
        self, customer: Customer, facts: Mapping[str, Any], *, at: datetime
    ) -> tuple[Customer, Change]:
        """Change what `facts` names."""
        changed = customer.saved_again(at=at, **facts)
        told = self._teller.of_document(EventType.CUSTOMER_UPDATED, changed, at, before=customer)
        return changed, Change(records=(changed,), events=(told,))

    async def without(self, instrument: SavedInstrument, *, at: datetime) -> Change:
        """What becomes of a customer whose instrument goes: one that was the default is it no more."""
        if instrument.customer_id is None:
            return Change()
        customer = await self.get(instrument.merchant_id, instrument.customer_id)
        if customer.deleted_at is not None or customer.default_instrument_id != instrument.id:
            return Change()
        return self.update(customer, {"default_instrument_id": None}, at=at)[1]

    async def delete(
        self, merchant_id: MerchantId, customer_id: str, *, at: datetime
    ) -> tuple[Customer, Change]:
        """Forget a customer: what is left says that there was one."""
        customer = await self.living(merchant_id, customer_id)
        gone = customer.saved_again(at=at, deleted_at=at)
        # Told of as it was: its name is what a receiver looks for.
        told = self._teller.of_document(EventType.CUSTOMER_DELETED, customer, at)
        return gone, Change(records=(gone,), events=(told,))
