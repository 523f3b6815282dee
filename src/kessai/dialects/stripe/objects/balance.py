"""What a merchant has, as the Stripe API shows it."""

from __future__ import annotations

from collections.abc import Mapping

from kessai.dialects.stripe.amounts import in_units
from kessai.dialects.stripe.shape import Object
from kessai.domain.entry import Holding


def balance(holdings: Mapping[str, Holding], default_currency: str) -> Object:
    """The balance, with each currency there ever was anything of, and the merchant's own."""
    known = {default_currency: Holding(), **holdings}
    return {
        "object": "balance",
        "available": [_amount(each, held.available) for each, held in known.items()],
        "livemode": False,
        "pending": [_amount(each, held.pending) for each, held in known.items()],
        "refund_and_dispute_prefunding": {"available": [], "pending": []},
    }


def _amount(currency: str, minor: int) -> Object:
    units = in_units(abs(minor), currency) * (1 if minor >= 0 else -1)
    return {"amount": units, "currency": currency.lower(), "source_types": {"card": units}}
