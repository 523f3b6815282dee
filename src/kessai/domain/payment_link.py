"""Payment links: an address that many may open, each for a Checkout session of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from kessai.domain.checkout import CheckoutLine, total_of
from kessai.domain.document import Document
from kessai.domain.errors import TransitionNotAllowedError
from kessai.domain.money import Money
from kessai.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class PaymentLink(Document):
    """What `lines` are sold by, to whoever opens it while it is active.

    `completed_max` bounds how many of its sessions may be completed, and `completed` counts them; without
    such a bound nothing is counted, so that payers need not wait for each other. `redirect_url` is where
    they go who have paid; without one they stay. `details` are what a dialect was told of it and shows again,
    which no rule looks at.
    """

    kind: ClassVar[str] = "payment_link"

    currency: str
    lines: tuple[CheckoutLine, ...]
    is_active: bool = True
    inactive_message: str | None = None
    redirect_url: str | None = None
    completed_max: int | None = None
    completed: int = 0
    metadata: Mapping[str, str]
    details: Mapping[str, Any]

    @property
    def total(self) -> Money:
        """What all lines cost together."""
        return total_of(self.lines, self.currency)

    @property
    def is_used_up(self) -> bool:
        """Whether as many of its sessions are completed as may be."""
        return self.completed_max is not None and self.completed >= self.completed_max

    def changed(self, facts: Mapping[str, Any], *, at: datetime) -> PaymentLink:
        """The next version, with these facts changed. One that is used up is not active."""
        after = self.saved_again(at=at, **facts)
        return replace(after, is_active=False) if after.is_used_up else after

    def counted(self, *, at: datetime) -> PaymentLink:
        """The next version, once one more of its sessions is completed.

        Raises:
            TransitionNotAllowedError: it is used up.
        """
        if self.is_used_up:
            raise TransitionNotAllowedError(action="pay", status="USED_UP", allowed=[])
        return self.changed({"completed": self.completed + 1}, at=at)
