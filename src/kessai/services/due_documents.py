"""What the clock does to documents: each class that is ever due has its mover here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from kessai.domain.change import Change
from kessai.domain.document import Document
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import due_documents

Mover = Callable[[Any, datetime], Awaitable[Change]]
"""What becomes of a document that is due; after it, it is not. Any: of the mover's class."""


class DueDocuments:
    """Moves what is due, of whatever class. `movers` has one for each class whose `due_at` is ever set."""

    def __init__(self, database: Database, movers: Mapping[type[Document], Mover]) -> None:
        self._database = database
        self._movers = dict(movers)

    @property
    def classes(self) -> frozenset[type[Document]]:
        """What has a mover."""
        return frozenset(self._movers)

    async def due(self, at: datetime, limit: int) -> Sequence[Change]:
        """What the clock is to do now; the longest overdue first."""
        found = await due_documents(self._database, at, limit)
        return [await self._movers[type(each)](each, max(at, each.updated_at)) for each in found]
