"""Token buckets per merchant: in this process, shared through Redis, or none at all.

Ours, because libraries that were measured cost several times as much (docs/adr/0005), and because it must
fall back to local buckets when Redis is away without delaying requests.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog

from kessai.services.ports import Allowance, Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

log = structlog.get_logger("kessai.rate_limit")

_Waiting: TypeAlias = tuple[str, asyncio.Future[Allowance]]

# Sums of floats miss whole numbers by less than this; a token missing only this much is one.
_ROUNDING: Final = 1e-6

MERCHANTS_KEPT: Final = 10_000
TAKES_PER_CALL: Final = 1_000
RETRY_EVERY_S: Final = 1.0
PROBE_TIMEOUT_S: Final = 1.0

# KEYS: the buckets; ARGV: limit, window in seconds, then how many tokens each bucket is asked for.
# Answers, for each bucket, how many were granted and what is left. The time is the server's own, so that
# processes whose clocks differ agree. An untouched bucket is full after one window and may be forgotten.
_TAKE_SCRIPT: Final = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local answers = {}
for i, key in ipairs(KEYS) do
  local kept = redis.call('HMGET', key, 'tokens', 'at')
  local passed = math.max(0, now - (tonumber(kept[2]) or now))
  local tokens = math.min(limit, (tonumber(kept[1]) or limit) + passed * limit / window)
  local granted = math.min(tonumber(ARGV[i + 2]), math.floor(tokens + 0.000001))
  tokens = math.max(0, tokens - granted)
  redis.call('HSET', key, 'tokens', string.format('%.9f', tokens), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', key, math.ceil(window * 1000))
  answers[2 * i - 1] = granted
  answers[2 * i] = string.format('%.9f', tokens)
end
return answers
"""


class NoRateLimiter:
    """Lets everything through."""

    async def take(self, merchant_id: str) -> None:
        """Say that there is no limit."""
        return


class MemoryRateLimiter:
    """Buckets of this process, each of `limit` tokens that refill evenly within `window_s` seconds.

    Keeps the `merchants_kept` merchants seen last. Whoever is forgotten starts with a full bucket again,
    so the bound should be above the number of merchants active within one window.
    """

    def __init__(
        self, *, limit: int, window_s: float, clock: Clock, merchants_kept: int = MERCHANTS_KEPT
    ) -> None:
        _refuse_nonsense(limit, window_s)
        self._limit = limit
        self._per_s = limit / window_s
        self._monotonic = clock.monotonic
        self._merchants_kept = merchants_kept
        # merchant -> [tokens, when they were counted], least recently seen first
        self._buckets: OrderedDict[str, list[float]] = OrderedDict()

    async def take(self, merchant_id: str) -> Allowance:
        """Take one token."""
        return self.take_now(merchant_id)

    def take_now(self, merchant_id: str) -> Allowance:
        """Take one token, without waiting for anything."""
        now = self._monotonic()
        bucket = self._buckets.get(merchant_id)
        if bucket is None:
            bucket = self._new_bucket(merchant_id, now)
        else:
            self._buckets.move_to_end(merchant_id)
        tokens = bucket[0] + (now - bucket[1]) * self._per_s
        if tokens > self._limit:
            tokens = float(self._limit)
        bucket[1] = now
        if tokens < 1 - _ROUNDING:
            bucket[0] = tokens
            return _refused(self._limit, self._per_s, tokens)
        bucket[0] = tokens = max(0.0, tokens - 1)
        return _granted(self._limit, self._per_s, tokens)

    def _new_bucket(self, merchant_id: str, now: float) -> list[float]:
        if len(self._buckets) >= self._merchants_kept:
            self._buckets.popitem(last=False)
        bucket = self._buckets[merchant_id] = [float(self._limit), now]
        return bucket


class RedisRateLimiter:
    """Buckets that all processes share, kept in Redis or what speaks its protocol (Valkey).

    Takes that arrive while a call is under way go together with the next one, so a busy process makes few
    calls and one connection is enough. When Redis fails, buckets of this process answer at once and Redis
    is tried again in the background: an outage delays the requests that notice it, by `timeout_s` at most,
    and no others. `healthy` says which buckets are in use.
    """

    def __init__(
        self,
        url: str,
        *,
        limit: int,
        window_s: float,
        clock: Clock,
        timeout_s: float = 0.1,
        key_prefix: str = "kessai:rate:",
    ) -> None:
        self._local = MemoryRateLimiter(limit=limit, window_s=window_s, clock=clock)
        self._url = url
        self._limit = limit
        self._window_s = window_s
        self._per_s = limit / window_s
        self._clock = clock
        self._timeout_s = timeout_s
        self._key_prefix = key_prefix
        self._client: Redis | None = None
        self._script: AsyncScript | None = None
        self._waiting: list[_Waiting] = []
        self._calls: asyncio.Task[None] | None = None
        self._probe: asyncio.Task[bool] | None = None
        self._retry_at = 0.0
        self.healthy = True

    async def take(self, merchant_id: str) -> Allowance:
        """Take one token from the shared bucket, or from the local one while Redis is away."""
        if not self.healthy:
            self._try_again_when_due()
            return self._local.take_now(merchant_id)
        answer: asyncio.Future[Allowance] = asyncio.get_running_loop().create_future()
        self._waiting.append((merchant_id, answer))
        if self._calls is None or self._calls.done():
            self._calls = asyncio.create_task(self._call_while_any_wait())
        return await answer

    async def ping(self) -> bool:
        """Ask Redis for no tokens, just as for some, and remember whether that works."""
        try:
            await self._call({"": 0}, PROBE_TIMEOUT_S)
        except Exception as failure:  # whatever is wrong with Redis, local buckets serve
            self._fall_back(failure)
            return False
        if not self.healthy:
            self.healthy = True
            log.info("rate_limit_shared_again")
        return True

    async def close(self) -> None:
        """Answer who still waits from the local buckets, and let go of the connection."""
        for task in (self._calls, self._probe):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._answer_locally(self._waiting)
        self._waiting = []
        client, self._client, self._script = self._client, None, None
        if client is not None:
            await client.aclose()

    async def _call_while_any_wait(self) -> None:
        while self._waiting:
            asking, self._waiting = self._waiting[:TAKES_PER_CALL], self._waiting[TAKES_PER_CALL:]
            try:
                granted = await self._call(Counter(merchant_id for merchant_id, _ in asking), self._timeout_s)
                self._share_out(asking, granted)
            except Exception as failure:  # whatever is wrong with Redis, local buckets serve
                self._fall_back(failure)
                asking += self._waiting
                self._waiting = []
            finally:
                self._answer_locally(asking)

    async def _call(self, wanted: Mapping[str, int], timeout_s: float) -> dict[str, tuple[int, float]]:
        """Ask for `wanted` tokens per merchant; return how many were granted and what is left."""
        script = self._script or self._connect()
        keys = [self._key_prefix + merchant_id for merchant_id in wanted]
        async with asyncio.timeout(timeout_s):
            answers = await script(keys=keys, args=[self._limit, self._window_s, *wanted.values()])
        return {
            merchant_id: (int(granted), float(tokens))
            for merchant_id, granted, tokens in zip(wanted, answers[::2], answers[1::2], strict=True)
        }

    def _connect(self) -> AsyncScript:
        # Imported on first use: most gateways run without Redis.
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        self._client = Redis.from_url(self._url, retry=Retry(NoBackoff(), 0), max_connections=2)
        self._script = self._client.register_script(_TAKE_SCRIPT)
        return self._script

    def _share_out(self, asking: list[_Waiting], granted: dict[str, tuple[int, float]]) -> None:
        for merchant_id, answer in asking:
            left, tokens = granted[merchant_id]
            granted[merchant_id] = (left - 1, tokens)
            if answer.done():  # its request was given up
                continue
            if left > 0:
                answer.set_result(_granted(self._limit, self._per_s, tokens + left - 1))
            else:
                answer.set_result(_refused(self._limit, self._per_s, tokens))

    def _answer_locally(self, asking: list[_Waiting]) -> None:
        for merchant_id, answer in asking:
            if not answer.done():
                answer.set_result(self._local.take_now(merchant_id))

    def _fall_back(self, failure: Exception) -> None:
        self._retry_at = self._clock.monotonic() + RETRY_EVERY_S
        if self.healthy:
            self.healthy = False
            log.warning("rate_limit_fell_back", error=f"{type(failure).__name__}: {failure}".rstrip(": "))

    def _try_again_when_due(self) -> None:
        if self._clock.monotonic() >= self._retry_at and (self._probe is None or self._probe.done()):
            self._probe = asyncio.create_task(self.ping())


def _refuse_nonsense(limit: int, window_s: float) -> None:
    if limit < 1 or window_s <= 0:
        raise ValueError("a rate limit needs at least one request and a window longer than nothing")


def _granted(limit: int, per_s: float, tokens: float) -> Allowance:
    remaining = int(tokens + _ROUNDING)
    return Allowance(True, limit, remaining, ceil((limit - tokens) / per_s - _ROUNDING), 0)


def _refused(limit: int, per_s: float, tokens: float) -> Allowance:
    wait_s = max(1, ceil((1 - tokens) / per_s - _ROUNDING))
    return Allowance(False, limit, 0, ceil((limit - tokens) / per_s - _ROUNDING), wait_s)
