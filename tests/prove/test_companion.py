"""A program that never gets ready holds nobody up."""

from __future__ import annotations

import pytest

from tests.prove.companion import companion


def test_what_a_companion_says_first_is_given() -> None:
    with companion("tests.bench.sink") as line:
        assert int(line)


def test_a_companion_that_says_nothing_is_ended() -> None:
    # One that waits for orders that nobody gives.
    with pytest.raises(TimeoutError, match="said nothing"), companion("tests.prove.moody", within_s=0.01):
        pass
