"""Token buckets of one process, on a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.adapters.rate_limit import MemoryRateLimiter, NoRateLimiter
from kessai.services.ports import Allowance, RateLimiter


class HandClock:
    """Time that moves only when told."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


async def test_no_limit_says_so() -> None:
    limiter: RateLimiter = NoRateLimiter()

    assert await limiter.take("m1") is None


async def test_a_bucket_empties_and_says_when_the_next_token_comes() -> None:
    limiter: RateLimiter = MemoryRateLimiter(limit=3, window_s=60, clock=HandClock(1e6))

    answers = [await limiter.take("m1") for _ in range(5)]

    assert answers == [
        Allowance(allowed=True, limit=3, remaining=2, reset_s=20, retry_after_s=0),
        Allowance(allowed=True, limit=3, remaining=1, reset_s=40, retry_after_s=0),
        Allowance(allowed=True, limit=3, remaining=0, reset_s=60, retry_after_s=0),
        Allowance(allowed=False, limit=3, remaining=0, reset_s=60, retry_after_s=20),
        Allowance(allowed=False, limit=3, remaining=0, reset_s=60, retry_after_s=20),
    ]


async def test_tokens_come_back_evenly_and_not_before_their_time() -> None:
    clock = HandClock()
    limiter = MemoryRateLimiter(limit=3, window_s=60, clock=clock)
    for _ in range(3):
        await limiter.take("m1")

    clock.seconds = 19.9
    early = await limiter.take("m1")
    clock.seconds = 20.0
    due = await limiter.take("m1")

    assert (early.allowed, early.retry_after_s) == (False, 1)
    assert (due.allowed, due.remaining) == (True, 0)


async def test_a_bucket_never_holds_more_than_its_limit() -> None:
    clock = HandClock()
    limiter = MemoryRateLimiter(limit=2, window_s=1, clock=clock)
    await limiter.take("m1")

    clock.seconds = 1e9

    assert [(await limiter.take("m1")).allowed for _ in range(3)] == [True, True, False]


async def test_merchants_have_buckets_of_their_own() -> None:
    limiter = MemoryRateLimiter(limit=1, window_s=60, clock=HandClock())

    assert [(await limiter.take(merchant)).allowed for merchant in ("m1", "m1", "m2")] == [True, False, True]


async def test_the_merchant_seen_longest_ago_is_forgotten_first() -> None:
    limiter = MemoryRateLimiter(limit=1, window_s=60, clock=HandClock(), merchants_kept=2)
    for merchant in ("m1", "m2", "m1", "m3"):
        await limiter.take(merchant)

    # m2 had to make room for m3
    assert [(await limiter.take(merchant)).allowed for merchant in ("m1", "m3", "m2")] == [False, False, True]


@pytest.mark.parametrize(("limit", "window_s"), [(0, 60), (-1, 60), (1, 0)])
def test_a_limit_of_nothing_is_refused(limit: int, window_s: float) -> None:
    with pytest.raises(ValueError, match="at least one request"):
        MemoryRateLimiter(limit=limit, window_s=window_s, clock=HandClock())


@given(
    limit=st.integers(1, 5_000),
    window_s=st.floats(0.5, 86_400),
    start=st.floats(0, 1e9),
    gaps=st.lists(st.floats(0, 100), max_size=60),
)
async def test_whatever_the_rhythm_the_promise_holds(
    limit: int, window_s: float, start: float, gaps: list[float]
) -> None:
    clock = HandClock(start)
    limiter = MemoryRateLimiter(limit=limit, window_s=window_s, clock=clock)
    allowed = 0

    for gap in gaps:
        clock.seconds += gap
        answer = await limiter.take("m1")
        allowed += answer.allowed

        # never more than a full bucket and what has flowed in since
        assert allowed <= limit + (clock.seconds - start) * limit / window_s + 1e-3
        assert 0 <= answer.remaining < limit
        assert answer.allowed == (answer.retry_after_s == 0)
        assert answer.retry_after_s <= max(1, answer.reset_s) <= window_s + 1


@given(limit=st.integers(1, 2_000), start=st.floats(0, 1e9))
async def test_exactly_the_limit_passes_at_once_and_waiting_as_told_helps(limit: int, start: float) -> None:
    clock = HandClock(start)
    limiter = MemoryRateLimiter(limit=limit, window_s=60, clock=clock)

    answers = [await limiter.take("m1") for _ in range(limit + 1)]
    clock.seconds += answers[-1].retry_after_s

    assert [answer.allowed for answer in answers] == [True] * limit + [False]
    assert (await limiter.take("m1")).allowed
