"""Buckets shared through a real Valkey: exact between processes, and quick when it is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from kessai.adapters.rate_limit import RETRY_EVERY_S, RedisRateLimiter
from kessai.services.ports import Allowance, RateLimiter
from tests.support.valkey import Valkey

pytestmark = pytest.mark.valkey

LimiterOf = Callable[..., RedisRateLimiter]


class HandClock:
    """Monotonic time that moves only when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> HandClock:
    """The clock of all limiters of a test."""
    return HandClock()


@pytest.fixture
async def limiter_of(clock: HandClock) -> AsyncIterator[LimiterOf]:
    """Makes limiters, as if each were in a process of its own. They may be slow: this is a busy machine."""
    async with AsyncExitStack() as stack:

        def make(
            url: str, *, limit: int = 5, window_s: float = 3600, timeout_s: float = 5
        ) -> RedisRateLimiter:
            limiter = RedisRateLimiter(url, limit=limit, window_s=window_s, clock=clock, timeout_s=timeout_s)
            stack.push_async_callback(limiter.close)
            return limiter

        yield make


async def eventually(condition: Callable[[], bool]) -> None:
    """Let other tasks run until they have brought it about."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


async def test_a_bucket_says_what_a_local_one_would(valkey: Valkey, limiter_of: LimiterOf) -> None:
    limiter: RateLimiter = limiter_of(valkey.url, limit=2)

    answers = [await limiter.take("m1") for _ in range(3)]

    assert answers == [
        Allowance(allowed=True, limit=2, remaining=1, reset_s=1800, retry_after_s=0),
        Allowance(allowed=True, limit=2, remaining=0, reset_s=3600, retry_after_s=0),
        Allowance(allowed=False, limit=2, remaining=0, reset_s=3600, retry_after_s=1800),
    ]


async def test_processes_share_one_bucket_for_each_merchant(valkey: Valkey, limiter_of: LimiterOf) -> None:
    limiters = [limiter_of(valkey.url, limit=10) for _ in range(3)]

    answers = await asyncio.gather(
        *(limiter.take(merchant) for merchant in ("m1", "m2") for limiter in limiters for _ in range(7))
    )

    m1, m2 = answers[:21], answers[21:]
    assert sum(answer.allowed for answer in m1) == sum(answer.allowed for answer in m2) == 10
    # each token was handed out once
    assert sorted(answer.remaining for answer in m1 if answer.allowed) == list(range(10))


async def test_takes_that_wait_together_are_one_call(valkey: Valkey, limiter_of: LimiterOf) -> None:
    limiter = limiter_of(valkey.url, limit=1000)
    await limiter.ping()
    async with Redis.from_url(valkey.url) as other:
        await other.config_resetstat()

        await asyncio.gather(*(limiter.take("m1") for _ in range(500)))

        assert (await other.info("commandstats"))["cmdstat_evalsha"]["calls"] == 1


async def test_tokens_come_back_by_the_servers_clock(valkey: Valkey, limiter_of: LimiterOf) -> None:
    limiter = limiter_of(valkey.url, limit=1, window_s=0.02)

    async with asyncio.timeout(10):
        allowed = 0
        while allowed < 3:
            allowed += (await limiter.take("m1")).allowed

    assert limiter.healthy


async def test_an_idle_bucket_is_forgotten_by_the_server(valkey: Valkey, limiter_of: LimiterOf) -> None:
    limiter = limiter_of(valkey.url, window_s=3600)
    await limiter.take("m1")

    async with Redis.from_url(valkey.url) as other:
        assert 3_590_000 < await other.pttl("kessai:rate:m1") <= 3_600_000


async def test_a_server_that_forgot_the_script_is_told_again(valkey: Valkey, limiter_of: LimiterOf) -> None:
    limiter = limiter_of(valkey.url)
    await limiter.take("m1")
    async with Redis.from_url(valkey.url) as other:
        await other.script_flush()

    assert (await limiter.take("m1")).remaining == 3
    assert limiter.healthy


async def test_a_request_that_was_given_up_harms_no_other(valkey: Valkey, limiter_of: LimiterOf) -> None:
    limiter = limiter_of(valkey.url)
    given_up, kept = (asyncio.create_task(limiter.take("m1")) for _ in range(2))
    await asyncio.sleep(0)

    given_up.cancel()

    assert (await kept).allowed
    assert limiter.healthy


async def test_an_outage_falls_back_to_local_buckets_and_is_logged_once(
    private_valkey: Valkey, limiter_of: LimiterOf
) -> None:
    limiter = limiter_of(private_valkey.url, limit=3)
    await limiter.take("m1")
    private_valkey.kill()

    with capture_logs() as logs:
        answers = await asyncio.gather(*(limiter.take("m1") for _ in range(4)))

    # the local bucket starts full and limits like the shared one
    assert [answer.allowed for answer in answers] == [True, True, True, False]
    assert not limiter.healthy
    assert [(line["event"], line["log_level"]) for line in logs] == [("rate_limit_fell_back", "warning")]
    assert logs[0]["error"]


async def test_it_returns_to_the_shared_buckets_by_itself(
    private_valkey: Valkey, limiter_of: LimiterOf, clock: HandClock
) -> None:
    # given an outage that is over
    limiter = limiter_of(private_valkey.url)
    private_valkey.kill()
    assert not await limiter.ping()
    private_valkey.start()

    # when less than a second has passed, nothing is tried
    clock.seconds += RETRY_EVERY_S / 2
    await limiter.take("m1")
    assert not limiter.healthy

    # then a second later a take tries Redis beside its own answer
    clock.seconds += RETRY_EVERY_S / 2
    with capture_logs() as logs:
        await limiter.take("m1")
        await eventually(lambda: limiter.healthy)
    assert [line["event"] for line in logs] == ["rate_limit_shared_again"]
    assert (await limiter.take("m2")).remaining == 4
    async with Redis.from_url(private_valkey.url) as other:
        assert await other.exists("kessai:rate:m2")


async def test_a_lasting_outage_is_tried_again_and_again_in_silence(
    private_valkey: Valkey, limiter_of: LimiterOf, clock: HandClock
) -> None:
    limiter = limiter_of(private_valkey.url)
    private_valkey.kill()
    assert not await limiter.ping()

    with capture_logs() as logs:
        for _ in range(3):
            clock.seconds += RETRY_EVERY_S
            await limiter.take("m1")
            assert not await limiter.ping()

    assert logs == []
    assert not limiter.healthy


async def test_a_server_that_does_not_answer_costs_one_time_out(limiter_of: LimiterOf) -> None:
    # given something that accepts connections and never says a word
    silent: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: silent.append(writer), "127.0.0.1")
    host, port = server.sockets[0].getsockname()
    limiter = limiter_of(f"redis://{host}:{port}", timeout_s=0.05)

    # when a request takes a token
    async with asyncio.timeout(2):
        answer = await limiter.take("m1")

    # then it is answered from here
    assert answer.allowed
    assert not limiter.healthy
    await limiter.close()
    for writer in silent:
        writer.close()
    server.close()


async def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_ones(
    private_valkey: Valkey, limiter_of: LimiterOf, clock: HandClock
) -> None:
    # given a server that is held up for longer than we wait
    limiter = limiter_of(private_valkey.url, limit=100, timeout_s=0.05)
    assert await limiter.ping()
    await limiter.take("m1")
    async with Redis.from_url(private_valkey.url) as other:
        await other.client_pause(200)
        assert not limiter.healthy or (await limiter.take("m1")).allowed
        assert not limiter.healthy
        await other.ping()

    # when it answers again
    clock.seconds += RETRY_EVERY_S
    await limiter.take("m1")
    await eventually(lambda: limiter.healthy)

    # then answers are about who asked
    assert [(await limiter.take(merchant)).remaining for merchant in ("m2", "m3", "m2")] == [99, 99, 98]


async def test_what_is_no_redis_at_all_falls_back_too(limiter_of: LimiterOf) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1")
    host, port = server.sockets[0].getsockname()
    limiter = limiter_of(f"redis://{host}:{port}")

    assert (await limiter.take("m1")).allowed
    assert not limiter.healthy
    server.close()


async def test_closing_answers_those_who_still_wait(limiter_of: LimiterOf) -> None:
    silent: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: silent.append(writer), "127.0.0.1")
    host, port = server.sockets[0].getsockname()
    limiter = limiter_of(f"redis://{host}:{port}")
    waiting = [asyncio.create_task(limiter.take("m1"))]
    await eventually(lambda: bool(silent))
    waiting.append(asyncio.create_task(limiter.take("m1")))
    await asyncio.sleep(0)

    await limiter.close()

    assert [answer.allowed for answer in await asyncio.gather(*waiting)] == [True, True]
    for writer in silent:
        writer.close()
    server.close()
