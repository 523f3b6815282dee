"""A program that never gets ready holds nobody up."""

from __future__ import annotations

import pytest

from tests.bench.sink import running_sink
from tests.prove.companion import companion


def test_what_a_companion_says_first_is_given() -> None:
    with companion("tests.bench.sink") as line:
        assert int(line)


def test_a_companion_that_says_nothing_is_ended() -> None:
    # One that waits for orders that nobody gives.
    with pytest.raises(TimeoutError, match="said nothing"), companion("tests.prove.moody", within_s=0.01):
        pass


def test_a_companion_is_asked_past_the_environments_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    with running_sink() as sink:
        assert sink.state()["posts"] == 0
