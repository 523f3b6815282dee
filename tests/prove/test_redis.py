"""Whoever pays while the shared count is away is answered at once; an answer that is lost is found."""

from __future__ import annotations

from tests.e2e.journal import Ask, Journal
from tests.prove.redis import unserved


def test_whoever_is_answered_at_once_is_served() -> None:
    assert list(unserved(Journal())) == []


def test_a_lost_answer_and_a_closed_door_are_found() -> None:
    journal = Journal(not_connected=2)
    journal.miss(Ask("key", "/payments", {}))

    assert list(unserved(journal)) == [
        "who pays is not answered: 1 times",
        "who pays is not let in: 2 times",
    ]
