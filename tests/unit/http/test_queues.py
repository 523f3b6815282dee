"""Whether those who want the same thing take turns, and nobody waits for somebody who is stuck."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from kessai.http.queues import Queues

AT_ONCE: Final = 20
NEVER_S: Final = 60.0
AT_ONCE_S: Final = 0.0


class Counter:
    """Sees how many are at it at the same time."""

    def __init__(self) -> None:
        self.most = 0
        self._now = 0

    @asynccontextmanager
    async def counted(self) -> AsyncIterator[None]:
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0)
        yield
        self._now -= 1


async def take_turn(queues: Queues, subject: str, seen: Counter) -> None:
    async with queues.turn(subject), seen.counted():
        await asyncio.sleep(0)


async def test_those_who_want_the_same_take_turns() -> None:
    queues, seen = Queues(stalled_s=NEVER_S, longest_s=NEVER_S), Counter()
    await asyncio.gather(*(take_turn(queues, "a payment", seen) for _ in range(AT_ONCE)))
    assert seen.most == 1


async def test_those_who_want_other_things_do_not_wait() -> None:
    queues, seen = Queues(stalled_s=NEVER_S, longest_s=NEVER_S), Counter()
    await asyncio.gather(*(take_turn(queues, f"payment {number}", seen) for number in range(AT_ONCE)))
    assert seen.most == AT_ONCE


async def test_nobody_stays_in_a_line_that_does_not_move() -> None:
    queues, seen = Queues(stalled_s=0.01, longest_s=NEVER_S), Counter()
    async with queues.turn("a payment"):
        # Each gets through although the first has not finished.
        await asyncio.gather(*(take_turn(queues, "a payment", seen) for _ in range(AT_ONCE)))
    assert seen.most > 1


async def test_a_line_that_moves_is_worth_waiting_in() -> None:
    queues, seen = Queues(stalled_s=0.2, longest_s=NEVER_S), Counter()

    async def slow_turn() -> None:
        async with queues.turn("a payment"), seen.counted():
            await asyncio.sleep(0.02)

    # Together they take twice as long as anybody would stand still.
    await asyncio.gather(*(slow_turn() for _ in range(AT_ONCE)))
    assert seen.most == 1


async def test_nobody_waits_longer_than_the_longest_even_so() -> None:
    queues, seen = Queues(stalled_s=NEVER_S, longest_s=AT_ONCE_S), Counter()
    async with queues.turn("a payment"):
        await take_turn(queues, "a payment", seen)
    assert seen.most == 1


async def test_who_gives_up_or_goes_away_leaves_no_gap() -> None:
    queues, seen = Queues(stalled_s=NEVER_S, longest_s=NEVER_S), Counter()
    async with AsyncExitStack() as first:
        await first.enter_async_context(queues.turn("a payment"))
        gone = asyncio.create_task(take_turn(queues, "a payment", seen))
        last = asyncio.create_task(take_turn(queues, "a payment", seen))
        await asyncio.sleep(0)
        gone.cancel()
    await asyncio.gather(gone, last, return_exceptions=True)
    assert gone.cancelled()
    assert not last.cancelled()
    assert last.exception() is None


async def test_who_is_just_losing_patience_is_in_nobodys_way() -> None:
    queues, seen = Queues(stalled_s=AT_ONCE_S, longest_s=NEVER_S), Counter()
    async with queues.turn("a payment"):
        impatient = asyncio.create_task(take_turn(queues, "a payment", seen))
        # It comes to stand in line, and then its time is up, which it has not been told yet.
        for _ in range(2):
            await asyncio.sleep(0)
    await impatient
    assert seen.most == 1
