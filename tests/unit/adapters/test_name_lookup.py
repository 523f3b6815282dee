"""Looking names up: who hangs holds up nobody else, and answers are remembered for a moment."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from kessai.adapters.name_lookup import ANSWER_KEPT_S, LOOKUPS_MAX, NameLookup
from kessai.adapters.wire_errors import HostNotFoundError
from tests.support.manual_clock import ManualClock
from tests.support.receiver import Receiver
from tests.unit.adapters.conftest import SenderOf
from tests.unit.adapters.receivers import ping

PATIENCE_S = 10


class Resolver:
    """Answers for any name but those that hang, until they are let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go_on = threading.Event()

    def __call__(self, host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        if host.startswith("hangs"):
            self.go_on.wait(30)
        if host.startswith("unknown"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        if host.startswith("odd"):
            raise LookupError("odd")
        if host.startswith("empty"):
            return []
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    """One whose threads end with the test."""
    made = Resolver()
    yield made
    made.go_on.set()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def names(resolver: Resolver, clock: ManualClock) -> NameLookup:
    return NameLookup(clock.monotonic, patience_s=PATIENCE_S, lookup=resolver)


async def test_an_answer_is_remembered_for_a_moment(
    names: NameLookup, resolver: Resolver, clock: ManualClock
) -> None:
    found = await names.find("a.test", 80)
    assert found == ((socket.AF_INET, ("127.0.0.1", 80)),)

    await names.find("a.test", 80)
    assert resolver.asked == ["a.test"]

    clock_past(clock, ANSWER_KEPT_S)
    await names.find("a.test", 80)
    assert resolver.asked == ["a.test"] * 2


async def test_those_who_ask_together_share_an_answer(names: NameLookup, resolver: Resolver) -> None:
    await asyncio.gather(*(names.find("a.test", 80) for _ in range(10)))

    assert resolver.asked == ["a.test"]


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("unknown.test", "could not resolve host"),
        ("empty.test", "could not resolve host"),
        ("odd.test", "could not resolve host (LookupError)"),
    ],
)
async def test_that_there_is_no_answer_is_said_and_not_remembered(
    names: NameLookup, resolver: Resolver, host: str, problem: str
) -> None:
    for _ in range(2):
        with pytest.raises(HostNotFoundError) as refusal:
            await names.find(host, 80)
        assert str(refusal.value) == problem

    assert resolver.asked == [host] * 2


async def test_a_name_that_hangs_is_looked_up_once_and_soon_refused_at_once(
    names: NameLookup, resolver: Resolver, clock: ManualClock
) -> None:
    # given somebody who waits for it and gives up
    first = asyncio.create_task(names.find("hangs.test", 80))
    await asyncio.sleep(0)
    first.cancel()

    # when others ask for it later
    clock_past(clock, PATIENCE_S)
    with pytest.raises(HostNotFoundError, match="still hangs"):
        await names.find("hangs.test", 80)

    # then one thread hangs, and other names are found
    assert resolver.asked == ["hangs.test"]
    assert await names.find("a.test", 80)


async def test_no_more_than_a_number_of_names_may_hang(names: NameLookup, resolver: Resolver) -> None:
    asking = [asyncio.create_task(names.find(f"hangs-{number}.test", 80)) for number in range(LOOKUPS_MAX)]
    await asyncio.sleep(0)

    with pytest.raises(HostNotFoundError, match="other look-ups hang"):
        await names.find("a.test", 80)

    # and when they go on, all is well again
    resolver.go_on.set()
    await asyncio.gather(*asking)
    assert await names.find("a.test", 80)


async def test_posts_to_others_go_on_while_names_hang(
    sender_of: SenderOf, receiver: Receiver, resolver: Resolver
) -> None:
    sender = sender_of(connect_timeout_s=0.2, lookup=resolver)
    hanging = [ping(f"http://hangs-{number}.test/") for number in range(20)]

    stuck = asyncio.gather(*(sender.post(each) for each in hanging))
    healthy = await sender.post(ping(receiver.url.replace("127.0.0.1", "a.test")))

    assert healthy.succeeded
    assert {each.error for each in await stuck} == {"could not connect within 0.2 s"}


def clock_past(clock: ManualClock, seconds: float) -> None:
    """Let a little more time pass than that."""
    clock.advance(timedelta(seconds=seconds + 1))
