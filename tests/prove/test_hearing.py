"""An event that kessai calls delivered, and of which its receiver knows nothing, is found."""

from __future__ import annotations

from tests.prove.hearing import Hearing


def test_who_heard_of_everything_misses_nothing() -> None:
    # One was told twice, and one belongs to nobody any more.
    assert Hearing(frozenset({"e1", "e2"}), frozenset({"e1", "e2", "e3"})).findings == []


def test_what_never_arrived_is_named() -> None:
    found = Hearing(frozenset({"e1", "e2", "e3"}), frozenset({"e2"})).findings

    assert found == [
        "the receiver never heard of an event: e1",
        "the receiver never heard of an event: e3",
    ]
