"""A test clock: a time of their own for some customers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final

from kessai.domain.document import Document
from kessai.domain.values import value

CUSTOMERS_MAX: Final = 3
"""Customers of one clock, as in the original."""
KEPT_FOR: Final = timedelta(days=30)


@value(frozen=True, slots=True, kw_only=True)
class TestClock(Document):
    """Stands at `frozen_at` until it is advanced. `is_advancing` is never kept: nothing takes time here.

    Only what is made for its customers says this time. Nothing that falls due is moved by it.
    """

    kind: ClassVar[str] = "clock"

    name: str | None = None
    frozen_at: datetime
    is_advancing: bool = False

    @property
    def deletes_after(self) -> datetime:
        """When the original forgets it."""
        return self.created_at + KEPT_FOR

    def advanced(self, to: datetime, *, at: datetime) -> TestClock:
        """The next version, standing at a later moment."""
        return self.saved_again(at=at, frozen_at=to)
