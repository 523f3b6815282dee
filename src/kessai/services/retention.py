"""How long the bodies and attempts of events are kept, and forgetting them afterwards."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime, timedelta
from typing import Final

from kessai.domain.errors import ConflictError
from kessai.services.ports import Clock
from kessai.storage.journal import Database
from kessai.storage.repositories.retention import START, RetentionRepository

BATCHES_MAX: Final = 500
"""Of one run, which lasts half a minute then: other chores have their turn too."""
_PAUSE_S: Final = 0.05
"""Between two batches. On SQLite writers wait for each; with less, checkpoints after them are felt too."""
_BEGINS_ANEW_AFTER: Final = timedelta(days=1)
"""Then what was passed by is looked at again: it was open, or another process was at it."""


class Retention:
    """`keeps` is how long after it happened an event can be read in full; None for ever."""

    def __init__(self, database: Database, clock: Clock, keeps: timedelta | None) -> None:
        self._repository = RetentionRepository(database)
        self._clock = clock
        self._after = START
        self._began_at: datetime | None = None
        self.keeps = keeps

    async def prune(self, *, batches: int | None = BATCHES_MAX) -> int:
        """Forget what is too old, in small transactions; return how many events that were.

        So many `batches`, or all. The next call goes on where this one ends.
        """
        pruned = 0
        for _ in itertools.count() if batches is None else range(batches):
            some = await self._prune_some()
            if some is None:
                break
            pruned += some
            await asyncio.sleep(_PAUSE_S if some else 0)
        return pruned

    def pruned_since(self, at: datetime) -> datetime | None:
        """What happened before this moment may be gone at `at`; None if nothing ever is."""
        return None if self.keeps is None else at - self.keeps

    def gone(self, subject: str, pruned_at: datetime) -> ConflictError:
        """The refusal to send again what is not there any more."""
        kept = "for ever" if self.keeps is None else f"for {self.keeps.days} days"
        return ConflictError(
            f"the body of this {subject} was pruned on {pruned_at:%Y-%m-%d}",
            hint=f"bodies are kept {kept} (EVENT_RETENTION_DAYS)",
        )

    async def _prune_some(self) -> int | None:
        """One batch: how many were forgotten, None at the end."""
        at = self._clock.now()
        since = self.pruned_since(at)
        if since is None:
            return None
        if self._began_at is None or at - self._began_at >= _BEGINS_ANEW_AFTER:
            self._began_at, self._after = at, START
        page = await self._repository.old_events(since, after=self._after)
        pruned = await self._repository.prune(page.event_ids, at=at) if page.event_ids else 0
        if page.last is None:
            return None
        self._after = page.last
        return pruned
