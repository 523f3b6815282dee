"""Whether we can serve: each part that others depend on, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from kessai.domain.errors import KessaiError
from kessai.services.backlog import age_s
from kessai.services.ports import Clock
from kessai.storage.journal import Database
from kessai.storage.repositories.backlog import BacklogRepository
from kessai.storage.repositories.schema import SchemaRepository

LAG_MAX_S: Final = 60
"""From here on a waiting delivery is reported: no dispatcher runs, or it cannot keep up."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `is_needed`: without it nothing can be served."""

    name: str
    is_ok: bool
    is_needed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class SchemaRevisions:
    """The schema this version needs, and those before it."""

    head: str
    past: tuple[str, ...]

    def judge(self, revision: str | None) -> Part:
        """Whether a database at `revision` will do.

        One that is ahead does: migrations come first in an upgrade and keep what the version before needs,
        so that its processes serve until they are replaced.
        """
        if revision == self.head:
            return Part("migrations", True, True, f"at {revision}")
        if revision is None or revision in self.past:
            needed = f"at {revision or 'none'}, needs {self.head}: run kessai migrate"
            return Part("migrations", False, True, needed)
        return Part("migrations", True, True, f"at {revision}, ahead of {self.head}")


@dataclass(frozen=True, slots=True)
class Report:
    """All parts at one moment."""

    parts: tuple[Part, ...]

    @property
    def is_ready(self) -> bool:
        """Whether requests can be served; a part that is not needed only degrades."""
        return all(part.is_ok for part in self.parts if part.is_needed)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is amiss."""
        return all(part.is_ok for part in self.parts)


class Health:
    """Looks at the parts. `ping_redis` is None where none is configured."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        revisions: SchemaRevisions,
        ping_redis: Callable[[], Awaitable[bool]] | None,
    ) -> None:
        self._schema = SchemaRepository(database)
        self._backlog = BacklogRepository(database)
        self._clock = clock
        self._revisions = revisions
        self._ping_redis = ping_redis

    async def report(self) -> Report:
        """Every part, looked at now."""
        return Report((*await self._database_parts(), *await self._redis_part()))

    async def _database_parts(self) -> tuple[Part, ...]:
        try:
            revision = await self._schema.revision()
        except KessaiError as error:
            return (Part("database", False, True, error.message),)
        answers = Part("database", True, True, "answers")
        migrations = self._revisions.judge(revision)
        return (answers, migrations, *((await self._dispatcher_part(),) if migrations.is_ok else ()))

    async def _dispatcher_part(self) -> Part:
        now = self._clock.now()
        lag = await self._backlog.lag(now)
        # What waits at endpoints that fail says nothing of dispatchers.
        lag_s = max(age_s(lag.event, now), age_s(lag.healthy, now))
        return Part("dispatcher", lag_s < LAG_MAX_S, False, f"lag {lag_s:.1f} s{_paused(lag.paused)}")

    async def _redis_part(self) -> tuple[Part, ...]:
        if self._ping_redis is None:
            return ()
        is_there = await self._ping_redis()
        detail = "answers" if is_there else "does not answer: each process limits by itself"
        return (Part("redis", is_there, False, detail),)


def _paused(endpoints: int) -> str:
    return f"; failing endpoints paused: {endpoints}" if endpoints else ""
