"""Entries of a merchant's balance: what each payment, refund, dispute and payout put in or took out.

They are derived from those and kept nowhere: an entry has its id from that of its source.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from kessai.domain.values import value

_VERSION: Final = 14
"""Where the digit of an id is that says which kind of UUID it is."""


class EntryKind(StrEnum):
    """What an entry is of. The second of each pair takes the first back."""

    PAYMENT = "payment"
    REFUND = "refund"
    REFUND_FAILURE = "refund_failure"
    DISPUTE = "dispute"
    DISPUTE_REVERSAL = "dispute_reversal"
    PAYOUT = "payout"
    PAYOUT_REVERSAL = "payout_reversal"


_REVERSALS: Final = frozenset(
    {EntryKind.REFUND_FAILURE, EntryKind.DISPUTE_REVERSAL, EntryKind.PAYOUT_REVERSAL}
)

Place = tuple[int, str, int]
"""Where an entry is in time: stamp, id of its source, and 1 for what takes back. No two have the same."""


@value(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. `amount` and `fee` are minor units of `currency`; what leaves the balance is negative.

    `is_available`: it counted as available when it was asked for. `stamp` puts it in order, see `Place`.
    """

    id: str
    kind: EntryKind
    source_id: str
    amount: int
    fee: int = 0
    currency: str
    is_card: bool = True
    description: str | None = None
    created_at: datetime
    available_at: datetime
    is_available: bool
    stamp: int

    @property
    def net(self) -> int:
        """What the balance changes by."""
        return self.amount - self.fee

    @property
    def place(self) -> Place:
        """Entries are listed by this."""
        return self.stamp, self.source_id, int(self.kind in _REVERSALS)


@value(frozen=True, slots=True)
class Holding:
    """What there is of one currency, in minor units; negative when more was taken back than there was."""

    available: int = 0
    pending: int = 0

    def __add__(self, other: Holding) -> Holding:
        return Holding(self.available + other.available, self.pending + other.pending)


def reversal_id(source_id: str) -> str:
    """The id of the entry that takes back what the entry of this id did: UUID version 8 for 7."""
    return f"{source_id[:_VERSION]}8{source_id[_VERSION + 1 :]}"


def reversed_id(entry_id: str) -> str | None:
    """Whose entry it takes back; None if it takes back nothing."""
    if entry_id[_VERSION] != "8":
        return None
    return f"{entry_id[:_VERSION]}7{entry_id[_VERSION + 1 :]}"
