"""Tokens: make, read. Whoever uses one saves its instrument and the token's next version."""

from __future__ import annotations

from datetime import datetime

from kessai.domain.change import Change
from kessai.domain.ids import MerchantId
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.token import Token
from kessai.services.finding import found
from kessai.services.ports import IdFactory
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository


class Tokens:
    """The use cases of tokens. Methods that write return what is to be written."""

    def __init__(self, database: Database, ids: IdFactory) -> None:
        self._repository = DocumentRepository(database, Token)
        self._ids = ids

    def create(self, instrument: SavedInstrument, *, at: datetime) -> tuple[Token, Change]:
        """A token for an instrument that is not saved."""
        made = Token(
            id=self._ids.new_id(at),
            merchant_id=instrument.merchant_id,
            created_at=at,
            updated_at=at,
            instrument=instrument,
        )
        return made, Change(records=(made,))

    async def get(self, merchant_id: MerchantId, token_id: str) -> Token:
        """A merchant's token.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get(merchant_id, token_id), "token")
