"""Who may come in, and how often: the key first, then a token from its merchant's bucket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from kessai.domain.errors import RateLimitedError, UnknownKeyError
from kessai.domain.merchant import ApiKey, Merchant
from kessai.services.doorkeeper import Doorkeeper
from kessai.services.ports import RateLimiter

Adopt = Callable[[str, datetime], Awaitable[None]]
"""Makes a merchant for a test key that nobody has registered."""


class Gate:
    """Asked once per request that needs a key."""

    def __init__(self, doorkeeper: Doorkeeper, limiter: RateLimiter, adopt: Adopt | None = None) -> None:
        self._doorkeeper = doorkeeper
        self._limiter = limiter
        self._adopt = adopt

    async def admit(
        self,
        shown: str | None,
        at: datetime,
        headers: list[tuple[bytes, bytes]],
        *,
        is_local: bool,
        takes_strangers: bool = False,
        takes_public: bool = False,
    ) -> tuple[Merchant, ApiKey, bool]:
        """The merchant, the key, and whether it was a public one; what the bucket says joins the `headers`.

        `takes_strangers`: on a gateway that adopts, a key nobody registered gets a merchant of its own, if it
        came from this machine.

        Raises:
            AuthenticationFailedError, MerchantInactiveError: the key opens nothing, or nothing now.
            RateLimitedError: the bucket is empty.
        """
        try:
            key, merchant = await self._doorkeeper.admit(
                shown, at, is_local=is_local, takes_public=takes_public
            )
        except UnknownKeyError:
            if self._adopt is None or not takes_strangers or not is_local or shown is None:
                raise
            await self._adopt(shown, at)
            key, merchant = await self._doorkeeper.admit(
                shown, at, is_local=is_local, takes_public=takes_public
            )
        is_public = shown is not None and shown.startswith("pk_")
        allowance = await self._limiter.take(merchant.id)
        if allowance is None:
            return merchant, key, is_public
        headers += (
            (b"ratelimit-limit", b"%d" % allowance.limit),
            (b"ratelimit-remaining", b"%d" % allowance.remaining),
            (b"ratelimit-reset", b"%d" % allowance.reset_s),
        )
        if not allowance.allowed:
            raise RateLimitedError(limit=allowance.limit, retry_after_s=allowance.retry_after_s)
        return merchant, key, is_public
