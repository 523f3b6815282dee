"""The register of payouts: a merchant has one for each currency, and every new payout is entered in it.

What is available is derived from many rows, none of which moves when money is paid out. The register does: of
two payouts that were decided on the same balance, the second finds that it has moved.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid5

from kessai.domain.document import Document
from kessai.domain.ids import MerchantId
from kessai.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class PayoutRegister(Document):
    """How many payouts there were, which is its version, and which was the last."""

    kind: ClassVar[str] = "payout_register"
    is_shared: ClassVar[bool] = True

    currency: str
    last_payout_id: str

    def entered(self, payout_id: str, *, at: datetime) -> PayoutRegister:
        """The next version, with one more payout."""
        return replace(
            self, last_payout_id=payout_id, updated_at=max(at, self.updated_at), version=self.version + 1
        )


def new_register(merchant_id: MerchantId, currency: str, payout_id: str, *, at: datetime) -> PayoutRegister:
    """A register with its first payout."""
    return PayoutRegister(
        id=register_id(merchant_id, currency),
        merchant_id=merchant_id,
        created_at=at,
        updated_at=at,
        currency=currency,
        last_payout_id=payout_id,
    )


def register_id(merchant_id: MerchantId, currency: str) -> str:
    """The id of a merchant's register: whoever makes it makes the same."""
    return str(uuid5(UUID(merchant_id), currency))
