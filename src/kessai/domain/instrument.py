"""What pays: a card, a UPI id, a konbini slip. Only what is safe to keep; a cvc never gets here."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from kessai.domain.values import value


class InstrumentType(StrEnum):
    """The kinds of instrument the pretend bank knows."""

    CARD = "card"
    UPI = "upi"
    WALLET = "wallet"
    NETBANKING = "netbanking"
    KONBINI = "konbini"
    BANK_TRANSFER = "bank_transfer"


SETTLES_LATER: Final = frozenset({InstrumentType.KONBINI, InstrumentType.BANK_TRANSFER})
"""Instruments whose payer pays after the request: such a payment waits at PENDING."""
PAID_WITH_SLIP: Final = frozenset({InstrumentType.KONBINI})
"""Instruments whose payer is given a slip, and pays it elsewhere until it lapses."""


@value(frozen=True, slots=True)
class Instrument:
    """What is kept of an instrument: its type and, of a card, brand and last four digits."""

    type: InstrumentType
    brand: str | None = None
    last4: str | None = None


@value(frozen=True, slots=True)
class Slip:
    """What a payer was given to pay with elsewhere: of which type it is, and when they got it."""

    type: str
    made_at: datetime
