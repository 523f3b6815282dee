"""What is kept with a payment that was made with a saved instrument, or disputed: by whom, why it failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kessai.domain.failure import Failure
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class ChargeDetails:
    """Facts of one try. `instrument` is as it was then; `metadata` and `description` are the try's own.

    `failure` is why it failed, `dispute_id` that it was disputed. `may_increment`: what is held may be
    raised, as merchant and card provide for it. `books_later`: what it puts into the balance is told of only
    a while after it was captured. The other members are what a dialect was told and shows
    again, which no rule looks at.
    """

    instrument: SavedInstrument | None = None
    customer_id: str | None = None
    description: str | None = None
    metadata: Mapping[str, str]
    billing: Mapping[str, Any]
    failure: Failure | None = None
    dispute_id: str | None = None
    may_increment: bool = False
    books_later: bool = False
    shipping: Mapping[str, Any] | None = None
    receipt_email: str | None = None
    statement_descriptor: str | None = None
    statement_descriptor_suffix: str | None = None
    transfer_group: str | None = None
    fraud_details: Mapping[str, Any] | None = None
