"""How long vouchers last, by what `payment_method_options` says of their type.

Source: the options of each type in Stripe's OpenAPI document, read 2026-11-27; on which day and where a
voucher ends, and within which bounds, from knowledge of Stripe's pages on each.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, Final

from kessai.dialects.stripe.errors import StripeError
from kessai.dialects.stripe.method_options import OPTIONS, options_of
from kessai.dialects.stripe.shape import moment

_PIX: Final = "pix"
_PIX_LASTS_S: Final = 24 * 60 * 60
_LASTS_DAYS: Final[Mapping[str, int]] = MappingProxyType(
    {"boleto": 3, "konbini": 3, "multibanco": 7, "oxxo": 3}
)
_ZONES: Final[Mapping[str, timezone]] = MappingProxyType(
    {
        "boleto": timezone(timedelta(hours=-3)),
        "konbini": timezone(timedelta(hours=9)),
        "multibanco": UTC,
        "oxxo": timezone(timedelta(hours=-6)),
    }
)
"""Where its last day ends."""
_SAID: Final = "expires_at"
_BOUNDS: Final[Mapping[str, tuple[timedelta, timedelta]]] = MappingProxyType(
    {
        "konbini": (timedelta(minutes=30), timedelta(days=60)),
        _PIX: (timedelta(seconds=10), timedelta(days=14)),
    }
)
"""How far ahead the moment may be that was said."""
_LASTS_AT_LEAST: Final = timedelta(seconds=1)


def lapses_at(kind: str, details: Mapping[str, Any], made_at: datetime) -> datetime:
    """When a voucher of this type can be paid no more: when it was said, or at the end of its last day."""
    options = options_of(details, kind)
    if _SAID in options:
        return moment(options[_SAID])
    if kind == _PIX:
        return made_at + timedelta(seconds=options.get("expires_after_seconds", _PIX_LASTS_S))
    days = timedelta(days=options.get("expires_after_days", _LASTS_DAYS[kind]))
    return (made_at.astimezone(_ZONES[kind]) + days).replace(hour=23, minute=59, second=59, microsecond=0)


def slip_lasts(kind: str, details: Mapping[str, Any], now: datetime) -> timedelta | None:
    """How long a voucher that is made now may be paid; None of what is no voucher.

    Raises:
        StripeError: the moment that was said is past, too soon or too late.
    """
    if kind != _PIX and kind not in _ZONES:
        return None
    lasts = lapses_at(kind, details, now) - now
    if _SAID in options_of(details, kind):
        low, high = _BOUNDS[kind]
        if not low <= lasts <= high:
            raise StripeError(
                f"Invalid {_SAID}: a {kind} voucher lapses between {low} and {high} from now.",
                param=f"{OPTIONS}[{kind}][{_SAID}]",
            )
    return max(lasts, _LASTS_AT_LEAST)
