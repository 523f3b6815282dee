"""What the use cases need from the world outside; `adapters` implements these, tests pass fakes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kessai.domain.values import value


class Clock(Protocol):
    """The gateway's time. Business time may be moved by tests; monotonic time never is."""

    def now(self) -> datetime:
        """The moment on the business clock: aware, UTC, microseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, for time-outs and caches."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the business clock without holding anything."""
        ...


class IdFactory(Protocol):
    """Makes identifiers that sort by the moment they were made at."""

    def new_id(self, at: datetime) -> str:
        """A UUIDv7 in canonical form, later than any this factory made before."""
        ...


class Dice(Protocol):
    """Chance: seeded in tests, the operating system's elsewhere."""

    def uniform(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        ...

    def key_material(self, length: int) -> bytes:
        """`length` bytes nobody can guess."""
        ...


class SecretBox(Protocol):
    """Seals what must be readable later and must not lie open in the database."""

    def seal(self, plain: bytes) -> bytes:
        """Return `plain` encrypted, in printable ASCII."""
        ...

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            SealBrokenError: sealed under another `API_SECRET_KEY`, or altered.
        """
        ...

    def reseal(self, sealed: bytes) -> bytes | None:
        """Return it sealed under the present `API_SECRET_KEY`; None when it is so already.

        Raises:
            SealBrokenError: sealed under a key that is not known, or altered.
        """
        ...


class SealBrokenError(Exception):
    """What was stored cannot be opened with API_SECRET_KEY, nor with any of API_SECRET_KEY_PREVIOUS."""


@value(frozen=True, slots=True)
class Allowance:
    """What the rate limiter says to one request.

    `limit` and `remaining` count requests, `reset_s` is when the bucket is full again,
    `retry_after_s` when one more is allowed (0 when this one is).
    """

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int


class RateLimiter(Protocol):
    """A token bucket per merchant."""

    async def take(self, merchant_id: str) -> Allowance | None:
        """Take one token; None when no limit is set."""
        ...


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One attempt as it goes over the wire. Without `verifies_tls` any certificate is fine."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    verifies_tls: bool = True


@dataclass(frozen=True, slots=True)
class WebhookResult:
    """What came back from one attempt.

    `status_code` is None when no answer came and `error` says why in words. `answer` is at most 4 KiB
    of the body, `answer_headers` 32 headers and 4 KiB at most, `retry_after_s` the receiver's wish.
    `request_headers` are all that were sent, the sender's own among them; none where nobody was reached.

    Times count from the start of the attempt: `connect_ms` until the connection stood, name and TLS
    included (None on one that was open already, or where none came about), `first_byte_ms` until the answer
    began (None where none did), `latency_ms` until its end.
    """

    status_code: int | None
    latency_ms: int
    answer: str = ""
    error: str | None = None
    retry_after_s: int | None = None
    connect_ms: int | None = None
    first_byte_ms: int | None = None
    request_headers: tuple[tuple[str, str], ...] = ()
    answer_headers: tuple[tuple[str, str], ...] = ()

    @property
    def succeeded(self) -> bool:
        """Any 2xx; a redirect is a failure and is not followed."""
        return self.status_code is not None and 200 <= self.status_code < 300


class WebhookSender(Protocol):
    """Posts to endpoints; never raises for what a receiver does."""

    async def post(self, request: WebhookRequest) -> WebhookResult:
        """Send once and say what came back."""
        ...
