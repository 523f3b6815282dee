"""The dispatcher's loop: wakes on commits and by the clock. What is due, and what then, services say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import structlog

from kessai.domain.errors import KessaiError
from kessai.services.deliveries import Deliveries

POLL_S: Final = 0.5
"""How often to look for what came due by itself, or was committed by another process."""
_GATHER_S: Final = 0.005
"""After being woken, wait for company: events that come together are fanned out together."""
_BACK_OFF_S: Final = (0.5, 1.0, 2.0, 5.0)
"""Pauses while the database is away; the last one is repeated."""
_TURN_S: Final = 1.0
"""How long the turn under way may take when we are told to stop: the database may be hanging."""
STOP_S: Final = 5.0
"""What it and the posts under way may take together; with the rest, an end takes less than ten seconds."""

log = structlog.get_logger()


class Timers(Protocol):
    """What the clock moves besides deliveries."""

    async def tick(self) -> int:
        """Do what is due; return how much that was."""
        ...


class Worker:
    """One per process that dispatches.

    `is_only`: no other process has the database, so what is leased was left by one that died.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        timers: Timers,
        *,
        poll_s: float = POLL_S,
        is_only: bool = False,
    ) -> None:
        self._deliveries = deliveries
        self._timers = timers
        self._poll_s = poll_s
        self._is_only = is_only
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._running: asyncio.Task[object] | None = None
        self._failing: dict[str, str] = {}
        self._is_news = True
        self._looks_at = 0.0
        deliveries.when_settled = self._woken.set

    def wake(self) -> None:
        """Something was committed that may be due: look now."""
        self._is_news = True
        self._woken.set()

    async def run(self) -> None:
        """Work until `stop` is called. An outage of the database is waited out."""
        self._ended.clear()
        self._running = asyncio.current_task()
        failed_turns = 0
        try:
            if self._is_only:
                await self._try("take_over", self._deliveries.take_over)
            while not self._stopping.is_set():
                self._woken.clear()
                outcomes = await self._turn()
                failed_turns = failed_turns + 1 if None in outcomes else 0
                if failed_turns:
                    # A commit is no reason to hurry now.
                    place = min(failed_turns, len(_BACK_OFF_S)) - 1
                    await _is_set(self._stopping, within_s=_BACK_OFF_S[place])
                elif not any(outcomes):
                    await self._rest()
        except asyncio.CancelledError:
            # `stop` does so to a turn that takes too long: what it was to do stays in the database.
            if not self._stopping.is_set():
                raise
        finally:
            self._ended.set()

    async def stop(self, within_s: float = STOP_S) -> None:
        """End the loop and finish the attempts under way; slower ones are repeated when their lease ends."""
        self._stopping.set()
        self.wake()
        deadline = asyncio.get_running_loop().time() + within_s
        if not await _is_set(self._ended, within_s=min(within_s, _TURN_S)) and self._running is not None:
            self._running.cancel()
            await self._ended.wait()
        try:
            left = await self._deliveries.finish(deadline - asyncio.get_running_loop().time())
        except KessaiError as error:
            log.warning("attempts_not_settled", reason=error.code)
        else:
            if left:
                log.warning("attempts_left_unfinished", attempts=left)

    async def _turn(self) -> Sequence[int | None]:
        """Do each kind of work once and return how much, None where it failed: one stops no other.

        After attempts were settled, when nothing else has happened, there is only to look for more of them.
        """
        now = asyncio.get_running_loop().time()
        is_news, self._is_news = self._is_news or now >= self._looks_at, False
        if is_news:
            self._looks_at = now + self._poll_s
        commits = (("timers", self._timers.tick), ("fan_out", self._deliveries.fan_out)) if is_news else ()
        attempts = (("settle", self._deliveries.settle_late), ("claim", self._deliveries.start_due))
        outcomes = [await self._try(name, work) for name, work in (*commits, *attempts)]
        # What one turn has begun the next one goes on with.
        self._is_news |= is_news and (None in outcomes or any(outcomes))
        return outcomes

    async def _rest(self) -> None:
        """Wait for a commit, for attempts that were settled, or for the next look by the clock."""
        if await _is_set(self._woken, within_s=self._poll_s):
            await _is_set(self._stopping, within_s=_GATHER_S)

    async def _try(self, name: str, work: Callable[[], Awaitable[int]]) -> int | None:
        """Do one kind of work. A failure is logged when it begins, when it changes and when it is over."""
        try:
            amount = await work()
        except KessaiError as error:
            self._failed(name, error.code, trace=False)
        except Exception as error:
            # A bug of ours: what was to be done stays in the database, and the rest goes on.
            self._failed(name, type(error).__name__, trace=True)
        else:
            if self._failing.pop(name, None) is not None:
                log.info("work_resumed", work=name)
            return amount
        return None

    def _failed(self, name: str, reason: str, *, trace: bool) -> None:
        if self._failing.get(name) != reason:
            log.warning("work_failed", work=name, reason=reason, exc_info=trace)
        self._failing[name] = reason


async def _is_set(event: asyncio.Event, *, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            return await event.wait()
    except TimeoutError:
        return False
