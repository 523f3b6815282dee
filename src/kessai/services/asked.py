"""What a merchant asks of an intent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kessai.domain.intent import ConfirmationMethod
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod
from kessai.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a merchant asks to be paid, and what a dialect wants shown of it."""

    amount: Money
    capture_method: CaptureMethod
    confirmation_method: ConfirmationMethod = ConfirmationMethod.AUTOMATIC
    saves_instrument: bool = False
    customer_id: str | None = None
    checkout_id: str | None = None
    description: str | None = None
    metadata: Mapping[str, str]
    details: Mapping[str, Any]
