"""An instrument that is kept, to pay with now or again: never more of a card than is safe to keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from kessai.domain.document import Document
from kessai.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class SavedCard:
    """What is kept of a card. `published` names the row of published test cards that it is."""

    published: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    funding: str
    country: str
    fingerprint: str
    has_cvc: bool = True


@value(frozen=True, slots=True, kw_only=True)
class SavedInstrument(Document):
    """A means to pay. `customer_id` is who it is attached to; one that was detached is never used again.

    `pays_once`: while it is nobody's, and not set up, the first intent that it pays uses it up, as if it was
    detached.

    `form` is how it was made, "instrument", or "card" and "source" in older words. `is_set_up`: its payer has
    proved who they are, for payments to come. `simulate` is what one that is no card leads to, where that was
    said when it was saved; without it, `conduct` names what comes of it, where a test value says so.
    `details` are what a dialect was told of it.
    """

    kind: ClassVar[str] = "instrument"

    type: str
    form: str = "instrument"
    card: SavedCard | None = None
    customer_id: str | None = None
    is_detached: bool = False
    pays_once: bool = False
    is_set_up: bool = False
    simulate: str | None = None
    conduct: str = ""
    billing: Mapping[str, Any]
    metadata: Mapping[str, str]
    details: Mapping[str, Any]

    @property
    def owner_id(self) -> str | None:
        return self.customer_id

    def attached(self, customer_id: str, *, at: datetime) -> SavedInstrument:
        """The same as the next version, a customer's."""
        return self.saved_again(at=at, customer_id=customer_id)

    def set_up(self, customer_id: str | None, *, at: datetime) -> SavedInstrument:
        """The same as the next version, good for payments to come; this customer's unless another's."""
        return self.saved_again(at=at, customer_id=self.customer_id or customer_id, is_set_up=True)

    def used(self, *, at: datetime) -> SavedInstrument:
        """As it is once it has paid: the same, or the next version that is used up."""
        is_kept = self.customer_id is not None or self.is_set_up or not self.pays_once
        return self if is_kept else self.detached(at=at)

    def detached(self, *, at: datetime) -> SavedInstrument:
        """The same as the next version, nobody's for good."""
        return self.saved_again(at=at, customer_id=None, is_detached=True)
