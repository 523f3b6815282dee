"""What a payer with a voucher has to do: where it is shown, its number and when it lapses.

Sources: `payment_intent_next_action` in Stripe's OpenAPI document, read 2026-11-27; when each lapses from
knowledge of Stripe's pages on it.
There is no PDF and no picture of a code: the page is what there is, and what a Pix code leads to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta, timezone
from types import MappingProxyType
from typing import Any, Final

from kessai.dialects.stripe.method_options import options_of
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.instrument import Slip
from kessai.simulation.slips import digits_of, slip_number

_PIX: Final = "pix"
_MULTIBANCO: Final = "multibanco"
_STORES: Final = ("familymart", "lawson", "ministop", "seicomart")
_PIX_LASTS_S: Final = 24 * 60 * 60
_LASTS_DAYS: Final = {_MULTIBANCO: 7}
_USUAL_DAYS: Final = 3
_ZONES: Final[Mapping[str, timezone]] = MappingProxyType(
    {
        "boleto": timezone(timedelta(hours=-3)),
        "konbini": timezone(timedelta(hours=9)),
        _MULTIBANCO: UTC,
        "oxxo": timezone(timedelta(hours=-6)),
    }
)
"""Where its last day ends."""


def voucher(slip: Slip, payment_id: str, details: Mapping[str, Any], public_url: str) -> Object:
    """The `next_action` of a PaymentIntent. `details` are the intent's."""
    url, number = f"{public_url}/slips/{payment_id}", slip_number(slip.type, payment_id)
    options = options_of(details, slip.type)
    lapses = _lapses(slip, options)
    if slip.type == _PIX:
        shown = {"data": url, "expires_at": lapses, "hosted_instructions_url": url}
        return {"type": "pix_display_qr_code", "pix_display_qr_code": shown}
    if slip.type == "boleto":
        shown = {"expires_at": lapses, "hosted_voucher_url": url, "number": number, "pdf": None}
    elif slip.type == _MULTIBANCO:
        entity = digits_of(f"entity {payment_id}", 5)
        shown = {"entity": entity, "expires_at": lapses, "hosted_voucher_url": url, "reference": number}
    elif slip.type == "oxxo":
        shown = {"expires_after": lapses, "hosted_voucher_url": url, "number": number}
    else:
        confirmation = options.get("confirmation_number") or digits_of(f"confirmation {payment_id}", 11)
        store = {"confirmation_number": confirmation, "payment_code": number}
        shown = {
            "expires_at": lapses,
            "hosted_voucher_url": url,
            "stores": {name: dict(store) for name in _STORES},
        }
    name = f"{slip.type}_display_details"
    return {"type": name, name: shown}


def _lapses(slip: Slip, options: Mapping[str, Any]) -> int:
    """Unix seconds: when it was said, or at the end of its last day."""
    if (said := options.get("expires_at")) is not None:
        return int(said)
    if slip.type == _PIX:
        return seconds(slip.made_at) + int(options.get("expires_after_seconds", _PIX_LASTS_S))
    days = int(options.get("expires_after_days", _LASTS_DAYS.get(slip.type, _USUAL_DAYS)))
    last_day = slip.made_at.astimezone(_ZONES[slip.type]) + timedelta(days=days)
    return seconds(last_day.replace(hour=23, minute=59, second=59, microsecond=0))
