"""What customers know of a payment, from what they were answered: it has to stand there, or further."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.e2e.journal import Ask, Journal

_AMOUNTS: Final = ("amount", "captured_amount")
"""Those of an answer that tells of a payment; they only grow."""


@dataclass(slots=True)
class Known:
    """Of one payment. Unless `is_all`, more was asked for, and may have been done."""

    amounts: Counter[str] = field(default_factory=Counter)
    statuses: set[str] = field(default_factory=set)
    is_all: bool = True

    def fits(self, payment: Mapping[str, Any]) -> bool:
        """Whether these amounts are those that customers were told of, or more where that may be."""
        found = Counter({name: payment[name] for name in (*_AMOUNTS, "refunded_amount")})
        return found == self.amounts or (not self.is_all and found >= self.amounts)


def known_of(journal: Journal) -> defaultdict[str, Known]:
    """By payment."""
    known: defaultdict[str, Known] = defaultdict(Known)
    for _, answer in journal.effects:
        said = answer.json
        if "payment_id" in said:
            it = known[said["payment_id"]]
            it.amounts["refunded_amount"] += said["amount"]
            it.statuses.add(said["payment_status"])
        else:
            it = known[said["id"]]
            it.amounts |= Counter({name: said[name] for name in _AMOUNTS})
            it.statuses.add(said["status"])
    for ask in journal.unknown:
        if ask.path != "/payments":
            known[_payment_of(ask)].is_all = False
    return known


def _payment_of(ask: Ask) -> str:
    """Which payment something was asked for of: by its path, or by the body where that is a refund's door."""
    return str(ask.body["payment_id"]) if ask.path == "/refunds" else ask.path.split("/")[2]
