"""A customer: whoever pays more than once, and what is remembered of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from kessai.domain.document import Document
from kessai.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class Customer(Document):
    """A payer. `default_instrument_id` pays when nothing else is named, `clock_id` says in whose time.

    `details` are what a dialect was told of them and shows again, which no rule looks at.
    """

    kind: ClassVar[str] = "customer"

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    description: str | None = None
    metadata: Mapping[str, str]
    default_instrument_id: str | None = None
    clock_id: str | None = None
    details: Mapping[str, Any]

    @property
    def owner_id(self) -> str | None:
        return self.clock_id

    @property
    def lookup(self) -> str | None:
        return self.email
