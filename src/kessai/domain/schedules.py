"""When a failed webhook is tried again: schedules as data, by the names that endpoints choose them by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from kessai.domain.values import value

JITTER: Final = 0.1
"""Each delay is spread by this part either way, so that retries do not come in herds."""


@value(frozen=True, slots=True)
class Schedule:
    """The delays before each retry; as many retries as delays."""

    delays: tuple[timedelta, ...]

    @classmethod
    def doubling(cls, first: timedelta, retries: int) -> Schedule:
        """`first`, then twice as long each time."""
        return cls(tuple(first * 2**n for n in range(retries)))

    def delay(self, retry: int, *, spread: float) -> timedelta:
        """How long to wait before a retry, counted from 0; `spread` in -1..1 is its jitter."""
        return self.delays[retry] * (1 + JITTER * spread)


NATIVE: Final = "native"
"""What an endpoint follows unless it says otherwise; its delays are settings."""

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)

NAMED: Final[Mapping[str, Schedule]] = MappingProxyType(
    {
        "standard": Schedule(
            (
                timedelta(seconds=5),
                5 * _MINUTE,
                30 * _MINUTE,
                2 * _HOUR,
                5 * _HOUR,
                10 * _HOUR,
                14 * _HOUR,
                20 * _HOUR,
                24 * _HOUR,
            )
        ),
        "stripe": Schedule.doubling(_MINUTE, 12),
        "stripe_sandbox": Schedule((10 * _MINUTE, _HOUR, 3 * _HOUR)),
        "razorpay": Schedule.doubling(_MINUTE, 10),
        "once": Schedule(()),
    }
)
"""The schedules of others, for testing against what production does.

Sources: Standard Webhooks 1.0.0, "Deliverability and reliability"; Stripe, "Webhooks: retries" (with
exponential back-off for up to three days, in a sandbox three times over a few hours); Razorpay, "Webhooks:
retries" (exponential for 24 hours). Stripe and Razorpay do not publish their intervals: ours double from a
minute and end within what they promise. Read 2026-11-20.
"""

NAMES: Final = (NATIVE, *NAMED)
