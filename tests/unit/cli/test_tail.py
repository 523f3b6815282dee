"""Whoever watches a list that only knows its newest misses nothing and is told nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kessai.cli.failures import CommandError, unreachable_error
from kessai.cli.remote.tail import LATE_MAX, Tail

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Events:
    """A list of events as the API gives it; `visible` are those that were committed."""

    def __init__(self, page_size: int = 100) -> None:
        self.visible: list[dict[str, Any]] = []
        self.pages_read = 0
        self.fails_at_page: int | None = None
        self._page_size = page_size

    def happen(self, second: float) -> dict[str, Any]:
        """One that is seen from now on."""
        event = made(second)
        self.visible.append(event)
        return event

    def newest(self, path: str, **query: object) -> Iterator[list[dict[str, Any]]]:
        """Pages, newest first."""
        assert path == "/webhooks/events"
        rows = sorted(self.visible, key=lambda event: str(event["id"]), reverse=True)
        for number, begin in enumerate(range(0, max(1, len(rows)), self._page_size)):
            if number == self.fails_at_page:
                raise unreachable_error("nobody there")
            self.pages_read += 1
            yield rows[begin : begin + self._page_size]


def made(second: float) -> dict[str, Any]:
    at = START + timedelta(seconds=second)
    return {"id": f"{int(second * 1000):020d}", "created_at": at.isoformat()}


def test_what_was_there_before_is_not_told() -> None:
    events = Events()
    events.happen(1)
    tail = Tail(events)

    assert tail.look() == []
    new = [events.happen(2), events.happen(3)]
    assert tail.look() == new
    assert tail.look() == []


def test_one_that_is_seen_late_is_told_late() -> None:
    events = Events(page_size=2)
    tail = Tail(events)
    tail.look()
    for second in range(100, 110):
        events.happen(second)
    tail.look()

    # when one is committed whose request came before the others
    late = events.happen(100 - LATE_MAX.total_seconds() + 10)

    assert [each for _ in range(8) for each in tail.look()] == [late]


def test_a_look_that_fails_half_way_is_made_again() -> None:
    events = Events(page_size=2)
    tail = Tail(events)
    tail.look()
    new = [events.happen(second) for second in range(5)]
    events.fails_at_page = 1

    with pytest.raises(CommandError):
        tail.look()
    events.fails_at_page = None

    assert tail.look() == new


def test_most_looks_read_one_page() -> None:
    events = Events(page_size=10)
    for second in range(100):
        events.happen(second)
    tail = Tail(events)
    tail.look()
    read_at_first = events.pages_read

    for _ in range(7):
        tail.look()

    assert read_at_first == 10
    assert events.pages_read - read_at_first == 7


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 100_000), st.booleans()), unique_by=lambda each: each[0]))
def test_whatever_happens_is_told_once(happenings: list[tuple[int, bool]]) -> None:
    # given events that are seen up to 100 s after their time, in any order, and looks in between
    events = Events(page_size=3)
    tail = Tail(events)
    tail.look()
    told = []
    for milliseconds, is_looked in happenings:
        events.happen(milliseconds / 1000)
        if is_looked:
            told += tail.look()
    told += [each for _ in range(9) for each in tail.look()]

    assert sorted(each["id"] for each in told) == sorted(each["id"] for each in events.visible)


class Windows(Events):
    """The same, of which a page looks at so many events and gives those of the type that was asked for."""

    def newest(self, path: str, **query: object) -> Iterator[list[dict[str, Any]]]:
        since = str(query.get("created_from") or "")
        for page in super().newest(path):
            young = [event for event in page if event["created_at"].replace("+00:00", "Z") >= since]
            yield [event for event in young if query.get("event") in (None, event["event"])]
            if len(young) < len(page):
                return

    def of(self, event_type: str, second: float) -> dict[str, Any]:
        """One of this type."""
        event = self.happen(second)
        event["event"] = event_type
        return event


def test_what_is_rare_is_told_however_much_else_has_happened_since() -> None:
    events = Windows(page_size=10)
    tail = Tail(events, "endpoint.disabled")
    tail.look()
    new = events.of("endpoint.disabled", 1)
    for number in range(12):
        events.of("payment.created", 2 + number)

    assert tail.look() == [new]


def test_what_was_there_before_is_no_news_even_behind_much_else() -> None:
    events = Windows(page_size=10)
    events.of("endpoint.disabled", 0)
    for number in range(12):
        events.of("payment.created", 30 + number)
    tail = Tail(events, "endpoint.disabled")
    assert tail.look() == []

    new = events.of("endpoint.disabled", 50)

    assert tail.look() == [new]


def test_what_is_rarer_than_a_page_looks_at_is_no_news_when_it_happens_again() -> None:
    # given one event of a type long ago, and more of others since than a page looks at
    events = Windows(page_size=10)
    events.of("endpoint.disabled", 0)
    for number in range(12):
        events.of("payment.created", LATE_MAX.total_seconds() + number + 1)
    tail = Tail(events, "endpoint.disabled")
    assert tail.look() == []

    # when another happens
    new = events.of("endpoint.disabled", 2 * LATE_MAX.total_seconds())

    # then that one alone is told of
    assert tail.look() == [new]
