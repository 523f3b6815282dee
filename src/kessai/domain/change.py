"""What is to last: everything one request or one tick of the worker writes, in one transaction."""

from __future__ import annotations

from kessai.domain.delivery import Delivery
from kessai.domain.document import Document
from kessai.domain.endpoint import Endpoint
from kessai.domain.event import Event
from kessai.domain.idempotency import KeyClaim
from kessai.domain.merchant import ApiKey, Merchant
from kessai.domain.payment import Payment
from kessai.domain.refund import Refund
from kessai.domain.values import value

Record = Merchant | ApiKey | Endpoint | Delivery | Document
"""Rarely written values, saved whole."""


@value(frozen=True, slots=True)
class Change:
    """Rows to insert (version 1) and rows to move on (a higher version, from the one before).

    The journal answers `Stale` when a row is no longer at the version before, or one that is shared has been
    made meanwhile, and `KeyTaken` when the claim's key is another's; nothing of the Change is then written.
    `abandoned` is the try before a new `payment`, which moves in the same moment.
    """

    payment: Payment | None = None
    refund: Refund | None = None
    events: tuple[Event, ...] = ()
    records: tuple[Record, ...] = ()
    claim: KeyClaim | None = None
    abandoned: Payment | None = None

    def also(self, other: Change) -> Change:
        """Both in one transaction, this one first. At most one of them moves a payment or a refund."""
        return Change(
            self.payment or other.payment,
            self.refund or other.refund,
            (*self.events, *other.events),
            (*self.records, *other.records),
            self.claim or other.claim,
            self.abandoned or other.abandoned,
        )

    def is_news(self, *, is_heard: bool) -> bool:
        """Whether there is something for a dispatcher to do; `is_heard`: somebody listens to its events."""
        return (is_heard and bool(self.events)) or any(isinstance(each, Delivery) for each in self.records)

    @property
    def moves_doors(self) -> bool:
        """Whether it changes who is let in."""
        return any(isinstance(each, Merchant | ApiKey) for each in self.records)

    def claimed_by(self, claim: KeyClaim) -> Change:
        """The same Change, protected by a key."""
        return Change(self.payment, self.refund, self.events, self.records, claim, self.abandoned)
