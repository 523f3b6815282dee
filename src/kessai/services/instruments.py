"""Saved instruments: what is kept to pay with, and whose it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from kessai.domain.change import Change
from kessai.domain.errors import ConflictError
from kessai.domain.event import EventType
from kessai.domain.ids import MerchantId
from kessai.domain.saved_instrument import SavedInstrument
from kessai.services.finding import found, living
from kessai.services.ports import IdFactory
from kessai.services.telling import Teller
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.scanning import Wanted


class Instruments:
    """The use cases of saved instruments. Methods that write return what is to be written."""

    def __init__(self, database: Database, ids: IdFactory, teller: Teller) -> None:
        self._repository = DocumentRepository(database, SavedInstrument)
        self._ids = ids
        self._teller = teller

    def make(self, merchant_id: MerchantId, facts: Mapping[str, Any], *, at: datetime) -> SavedInstrument:
        """A new instrument, nobody's yet; `facts` are fields of one. Nothing is told of it."""
        return SavedInstrument(
            **{"billing": {}, "metadata": {}, "details": {}, **facts},
            id=self._ids.new_id(at),
            merchant_id=merchant_id,
            created_at=at,
            updated_at=at,
        )

    async def get(self, merchant_id: MerchantId, instrument_id: str) -> SavedInstrument:
        """A merchant's instrument.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get(merchant_id, instrument_id), "instrument")

    async def living(self, merchant_id: MerchantId, instrument_id: str) -> SavedInstrument:
        """The same, and a deleted one is as unknown."""
        return living(await self.get(merchant_id, instrument_id), "instrument")

    async def usable(self, merchant_id: MerchantId, instrument_id: str) -> SavedInstrument:
        """The same, of one that may pay or be attached.

        Raises:
            ConflictError: it was detached.
        """
        instrument = await self.living(merchant_id, instrument_id)
        if instrument.is_detached:
            raise ConflictError(
                "this instrument was detached and cannot be used again",
                hint="save what pays as a new instrument",
            )
        return instrument

    async def list(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[SavedInstrument], bool] = lambda _each: True,
    ) -> Sequence[SavedInstrument]:
        """Newest first; one more than `limit` when there is more."""
        return await self._repository.list(merchant_id, wanted, limit=limit + 1, where=where)

    def attach(
        self, instrument: SavedInstrument, customer_id: str, *, at: datetime, is_new: bool = False
    ) -> tuple[SavedInstrument, Change]:
        """Make it a customer's. `is_new`: it is saved by that."""
        attached = instrument.attached(customer_id, at=at)
        if is_new:
            attached = replace(attached, version=1)
        told = self._teller.of_document(EventType.INSTRUMENT_ATTACHED, attached, at)
        return attached, Change(records=(attached,), events=(told,))

    def detach(self, instrument: SavedInstrument, *, at: datetime) -> tuple[SavedInstrument, Change]:
        """Make it nobody's, for good."""
        detached = instrument.detached(at=at)
        told = self._teller.of_document(EventType.INSTRUMENT_DETACHED, detached, at, before=instrument)
        return detached, Change(records=(detached,), events=(told,))

    def delete(self, instrument: SavedInstrument, *, at: datetime) -> tuple[SavedInstrument, Change]:
        """Make it nobody's for good, and take it off every list."""
        gone = instrument.saved_again(at=at, customer_id=None, is_detached=True, deleted_at=at)
        if instrument.customer_id is None:
            return gone, Change(records=(gone,))
        told = self._teller.of_document(EventType.INSTRUMENT_DETACHED, gone, at, before=instrument)
        return gone, Change(records=(gone,), events=(told,))

    def update(
        self, instrument: SavedInstrument, facts: Mapping[str, Any], *, at: datetime
    ) -> tuple[SavedInstrument, Change]:
        """Change what `facts` names."""
        changed = instrument.saved_again(at=at, **facts)
        told = self._teller.of_document(EventType.INSTRUMENT_UPDATED, changed, at, before=instrument)
        return changed, Change(records=(changed,), events=(told,))


def used(instrument: SavedInstrument, *, is_new: bool, at: datetime) -> Change:
    """What is to be written of an instrument that has paid; `is_new`: it is not saved yet."""
    after = instrument.used(at=at)
    if is_new:
        after = replace(after, version=1)
    return Change(records=(after,)) if is_new or after is not instrument else Change()


def set_up(
    teller: Teller, instrument: SavedInstrument, customer_id: str | None, *, is_new: bool, at: datetime
) -> Change:
    """Its payer proved who they are, or need not: it is good for payments to come, and its customer's.

    `is_new`: it is not saved yet. What is set up already is not saved again.
    """
    is_attached = customer_id is not None and instrument.customer_id is None and not instrument.is_detached
    if instrument.is_set_up and not is_attached and not is_new:
        return Change()
    kept = instrument.set_up(customer_id if is_attached else None, at=at)
    if is_new:
        kept = replace(kept, version=1)
    told = teller.of_document(EventType.INSTRUMENT_ATTACHED, kept, at) if is_attached else None
    return Change(records=(kept,), events=(told,) if told else ())
