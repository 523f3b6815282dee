"""Who may come in, and how often: the key first, then a token from its merchant's bucket."""

from __future__ import annotations

from datetime import datetime

from kessai.domain.errors import RateLimitedError
from kessai.domain.merchant import ApiKey, Merchant
from kessai.services.doorkeeper import Doorkeeper
from kessai.services.ports import RateLimiter


class Gate:
    """Asked once per request that needs a key."""

    def __init__(self, doorkeeper: Doorkeeper, limiter: RateLimiter) -> None:
        self._doorkeeper = doorkeeper
        self._limiter = limiter

    async def admit(
        self, secret_key: str | None, at: datetime, headers: list[tuple[bytes, bytes]], *, is_local: bool
    ) -> tuple[ApiKey, Merchant]:
        """The key and merchant; what the bucket says is added to the answer's `headers`.

        Raises:
            AuthenticationFailedError, MerchantInactiveError: the key opens nothing, or nothing now.
            RateLimitedError: the bucket is empty.
        """
        key, merchant = await self._doorkeeper.admit(secret_key, at, is_local=is_local)
        allowance = await self._limiter.take(merchant.id)
        if allowance is None:
            return key, merchant
        headers += (
            (b"ratelimit-limit", b"%d" % allowance.limit),
            (b"ratelimit-remaining", b"%d" % allowance.remaining),
            (b"ratelimit-reset", b"%d" % allowance.reset_s),
        )
        if not allowance.allowed:
            raise RateLimitedError(limit=allowance.limit, retry_after_s=allowance.retry_after_s)
        return key, merchant
