"""Confirmation tokens: make, read. Whoever uses one saves its instrument and the token's next version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kessai.domain.change import Change
from kessai.domain.confirmation_token import ConfirmationToken
from kessai.domain.ids import MerchantId
from kessai.domain.saved_instrument import SavedInstrument
from kessai.services.finding import found
from kessai.services.ports import IdFactory
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository


class ConfirmationTokens:
    """The use cases of confirmation tokens. Methods that write return what is to be written."""

    def __init__(self, database: Database, ids: IdFactory) -> None:
        self._repository = DocumentRepository(database, ConfirmationToken)
        self._ids = ids

    def create(
        self, instrument: SavedInstrument, details: Mapping[str, Any], *, is_saved: bool, at: datetime
    ) -> tuple[ConfirmationToken, Change]:
        """A token for an instrument. `is_saved`: it is kept already, and not saved when it is used."""
        made = ConfirmationToken(
            id=self._ids.new_id(at),
            merchant_id=instrument.merchant_id,
            created_at=at,
            updated_at=at,
            instrument=instrument,
            is_saved=is_saved,
            details=details,
        )
        return made, Change(records=(made,))

    async def get(self, merchant_id: MerchantId, token_id: str) -> ConfirmationToken:
        """A merchant's token.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get(merchant_id, token_id), "confirmation_token")
