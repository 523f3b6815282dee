"""A token: it stands for an instrument until somebody uses it, once."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from kessai.domain.document import Document
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class Token(Document):
    """What is handed around instead of a card. `instrument` is what it becomes, which is not saved yet."""

    kind: ClassVar[str] = "token"

    instrument: SavedInstrument
    is_used: bool = False

    def used(self, *, at: datetime) -> Token:
        """The same as the next version, used up."""
        return self.saved_again(at=at, is_used=True)
