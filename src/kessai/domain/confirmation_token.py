"""A confirmation token: an instrument and what its payer said with it, for one try of one intent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from kessai.domain.document import Document
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.values import value

GOOD_FOR: Final = timedelta(hours=12)
"""Source: the example of Stripe API reference, "The ConfirmationToken object", read 2026-11-26."""


@value(frozen=True, slots=True, kw_only=True)
class ConfirmationToken(Document):
    """What is handed to the merchant's server instead of an instrument.

    `instrument` is saved with the first use unless it `is_saved` already. `intent_id` and `setup_id` are what
    it was used for, one of them at most. `details` are what a dialect was told.
    """

    kind: ClassVar[str] = "confirmation_token"

    instrument: SavedInstrument
    is_saved: bool
    details: Mapping[str, Any]
    intent_id: str | None = None
    setup_id: str | None = None

    @property
    def expires_at(self) -> datetime:
        """From when on it is good for nothing."""
        return self.created_at + GOOD_FOR

    @property
    def is_used(self) -> bool:
        """Whether something was tried with it."""
        return self.intent_id is not None or self.setup_id is not None

    def used(
        self, *, at: datetime, intent_id: str | None = None, setup_id: str | None = None
    ) -> ConfirmationToken:
        """The same as the next version, used for this intent or setup."""
        return replace(self, intent_id=intent_id, setup_id=setup_id, updated_at=at, version=self.version + 1)
