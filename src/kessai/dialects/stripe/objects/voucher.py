"""What a payer with a voucher has to do: where it is shown, its number and when it lapses.

Source: `payment_intent_next_action` in Stripe's OpenAPI document, read 2026-11-27.
There is no PDF and no picture of a code: the page is what there is, and what a Pix code leads to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kessai.dialects.stripe.method_options import options_of
from kessai.dialects.stripe.shape import Object, seconds
from kessai.dialects.stripe.voucher_terms import lapses_at
from kessai.domain.instrument import Slip
from kessai.simulation.slips import digits_of, slip_number

_PIX: Final = "pix"
_MULTIBANCO: Final = "multibanco"
_STORES: Final = ("familymart", "lawson", "ministop", "seicomart")


def voucher(slip: Slip, payment_id: str, details: Mapping[str, Any], public_url: str) -> Object:
    """The `next_action` of a PaymentIntent. `details` are the intent's."""
    url, number = f"{public_url}/slips/{payment_id}", slip_number(slip.type, payment_id)
    options = options_of(details, slip.type)
    lapses = seconds(lapses_at(slip.type, details, slip.made_at))
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
