"""A pass: what lets the device of a customer show and change how they pay, for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final

from kessai.domain.document import Document
from kessai.domain.values import value


class PassForm(StrEnum):
    """What it is handed out as."""

    KEY = "key"
    SESSION = "session"


GOOD_FOR: Final[Mapping[PassForm, timedelta]] = MappingProxyType(
    {PassForm.KEY: timedelta(hours=1), PassForm.SESSION: timedelta(minutes=30)}
)
"""How long each is good.

Source: the examples of Stripe API reference, "Ephemeral Keys" and "Customer Session", read 2026-11-26.
"""


@value(frozen=True, slots=True, kw_only=True)
class CustomerPass(Document):
    """`details` are what a dialect was told that it is for."""

    kind: ClassVar[str] = "customer_pass"

    form: PassForm
    customer_id: str
    secret: str
    details: Mapping[str, Any]

    @property
    def owner_id(self) -> str | None:
        return self.customer_id

    @property
    def expires_at(self) -> datetime:
        """From when on it is good for nothing."""
        return self.created_at + GOOD_FOR[self.form]

    def withdrawn(self, *, at: datetime) -> CustomerPass:
        """The same as the next version, good for nothing from now on."""
        return replace(self, deleted_at=at, updated_at=at, version=self.version + 1)
