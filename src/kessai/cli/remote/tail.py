"""New events as they happen, read from a list that only knows its newest: none is missed or told twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from kessai.cli.remote.api import Answer

LATE_MAX: Final = timedelta(minutes=2)
"""How long after its own time an event may come to be seen.

It has the time its request came in, and is seen once that is committed: the body may take its time, the
bank be silent (SIMULATED_TIMEOUT_MS), and the clocks of several servers differ.
"""
_DEEP_EVERY: Final = 8
_EVER: Final = datetime.min.replace(tzinfo=UTC)


class Pages(Protocol):
    """Where events come from."""

    def newest(self, path: str, **query: object) -> Iterator[list[Answer]]:
        """The pages of a list, newest first."""
        ...


class Tail:
    """Remembers what was told within LATE_MAX.

    Most looks end at a page that has nothing new. Every eighth goes back to LATE_MAX before the newest of
    the last such look: an event that is seen late is among older ones.
    """

    def __init__(self, api: Pages, event_type: str | None = None) -> None:
        self._api = api
        self._type = event_type
        self._told: dict[str, datetime] = {}
        self._horizon: datetime | None = None
        self._looks = 0

    def look(self) -> list[Answer]:
        """What is new since the last look, oldest first. The first look only remembers what there is."""
        is_first = not self._looks
        fresh = self._fresh(is_deep=self._looks % _DEEP_EVERY == 0)
        self._looks += 1
        return [] if is_first else sorted(fresh, key=lambda event: str(event["id"]))

    def _fresh(self, *, is_deep: bool) -> list[Answer]:
        fresh: list[Answer] = []
        if self._horizon is None and self._type is not None:
            # What time it is there is known by its events, of whatever type.
            self._horizon = _horizon(next(self._api.newest("/webhooks/events")))
        since = self._horizon and self._horizon.isoformat().replace("+00:00", "Z")
        for page in self._api.newest("/webhooks/events", event=self._type, created_from=since):
            if self._horizon is None:
                self._horizon = _horizon(page)
            unseen = [each for each in page if each["id"] not in self._told and self._is_within(each)]
            fresh += unseen
            # An empty one says nothing: what is rare may lie behind much that is not asked for.
            if page and (not self._is_within(page[-1]) or not (unseen or is_deep)):
                break
        # Not before all pages are read: a look that fails half-way tells of nothing, and is made again.
        self._told.update({str(each["id"]): _at(each) for each in fresh})
        if is_deep:
            self._forget()
        return fresh

    def _is_within(self, event: Answer) -> bool:
        return self._horizon is None or _at(event) >= self._horizon

    def _forget(self) -> None:
        """What lies before the newest by more than LATE_MAX is not looked at again."""
        if self._told:
            self._horizon = max(self._told.values()) - LATE_MAX
            self._told = {key: at for key, at in self._told.items() if at >= self._horizon}


def _horizon(newest: list[Answer]) -> datetime:
    return _at(newest[0]) - LATE_MAX if newest else _EVER


def _at(event: Answer) -> datetime:
    return datetime.fromisoformat(event["created_at"])
