"""A gate with a bug: while the shared count is away, it counts nothing."""

from __future__ import annotations

from kessai.adapters.rate_limit import MemoryRateLimiter, RedisRateLimiter
from kessai.bootstrap import Gateway
from kessai.services.ports import Allowance


class _Generous(MemoryRateLimiter):
    """Grants whatever it is asked for."""

    def take_now(self, merchant_id: str) -> Allowance:
        granted = super().take_now(merchant_id)
        return Allowance(True, granted.limit, 1, granted.reset_s, 0)


def generous_without_redis(gateway: Gateway) -> None:
    """Let everybody through for as long as Redis does not answer."""
    limiter = gateway.services.payment_links._limiter
    if isinstance(limiter, RedisRateLimiter):
        limiter._local = _Generous(limit=limiter._limit, window_s=limiter._window_s, clock=gateway.clock)
