"""Test cards of others than Stripe, as rows of the same kind: each does what its number stands for."""

from __future__ import annotations

from typing import Final

from kessai.domain.outcome import Declined
from kessai.simulation.cards import PUBLISHED, brand_of
from kessai.simulation.instrument_table import (
    INSTRUMENTS,
    Authentication,
    PublishedInstrument,
    Refusal,
)
from kessai.simulation.table import SIMULATIONS, Course

_HAVE_ROWS: Final = frozenset(row.number for row in INSTRUMENTS)
_GENERIC: Final = "card_declined"


def _row(number: str, simulate: str) -> PublishedInstrument:
    """A card is called by its brand, its issuer's digits and its last ones: those alone stand twice."""
    brand, row = brand_of(number), SIMULATIONS[simulate]
    is_asked = row.course is Course.AFTER_ACTION
    decline = _refusal(simulate, row.verdict) if isinstance(row.verdict, Declined) else None
    return PublishedInstrument(
        number=number,
        names=(f"{brand}_{number[:6]}_{number[-4:]}",),
        brand=brand,
        last4=number[-4:],
        authentication=Authentication.ALWAYS if is_asked else Authentication.NONE,
        decline=decline,
        refuses_at_attach=decline is not None,
    )


def _refusal(simulate: str, verdict: Declined) -> Refusal:
    reason = "generic_decline" if simulate == _GENERIC else simulate
    return Refusal(code="card_declined", decline_code=reason, message=verdict.message)


OTHER_CARDS: Final = tuple(
    _row(number, simulate) for number, simulate in PUBLISHED.items() if number not in _HAVE_ROWS
)
"""In the order in which they are published; see `cards` for whose they are."""
