"""A payout: money that leaves the balance for the merchant's bank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final

from kessai.domain.document import Document
from kessai.domain.errors import ConflictError
from kessai.domain.money import Money
from kessai.domain.values import value


class PayoutStatus(StrEnum):
    """PENDING until it arrives; the others are final."""

    PENDING = "PENDING"
    PAID = "PAID"
    CANCELED = "CANCELED"


class PayoutAction(StrEnum):
    """What moves a payout."""

    ARRIVE = "arrive"
    CANCEL = "cancel"


class PayoutMethod(StrEnum):
    """How fast it is."""

    STANDARD = "standard"
    INSTANT = "instant"


PAYOUT_TRANSITIONS: Final[Mapping[tuple[PayoutStatus, PayoutAction], PayoutStatus]] = MappingProxyType(
    {
        (PayoutStatus.PENDING, PayoutAction.ARRIVE): PayoutStatus.PAID,
        (PayoutStatus.PENDING, PayoutAction.CANCEL): PayoutStatus.CANCELED,
    }
)
"""Where each action leads."""

TAKES: Final[Mapping[PayoutMethod, timedelta]] = MappingProxyType(
    {PayoutMethod.STANDARD: timedelta(days=1), PayoutMethod.INSTANT: timedelta(minutes=30)}
)
"""How long each is on its way."""


@value(frozen=True, slots=True, kw_only=True)
class Payout(Document):
    """Money on its way out. `canceled_at` is when it came back instead."""

    kind: ClassVar[str] = "payout"

    amount: Money
    status: PayoutStatus
    method: PayoutMethod = PayoutMethod.STANDARD
    arrives_at: datetime
    canceled_at: datetime | None = None
    description: str | None = None
    statement_descriptor: str | None = None
    metadata: Mapping[str, str]

    @property
    def due_at(self) -> datetime | None:
        return self.arrives_at if self.status is PayoutStatus.PENDING else None

    def moved(self, action: PayoutAction) -> Payout:
        """The same version after an action.

        Raises:
            ConflictError: it does not lead anywhere from here.
        """
        target = PAYOUT_TRANSITIONS.get((self.status, action))
        if target is None:
            raise ConflictError(f"cannot {action.value} a payout that is {self.status.value}")
        return replace(self, status=target)
