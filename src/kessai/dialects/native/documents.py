"""Documents as events tell of them: those that have routes of their own look as their routes show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Final

from kessai.dialects.native.money_translate import dispute_out, payout_out
from kessai.dialects.native.payer_translate import customer_out, instrument_out
from kessai.dialects.native.try_translate import intent_out, setup_out
from kessai.domain.customer import Customer
from kessai.domain.dispute import Dispute
from kessai.domain.document import Document
from kessai.domain.intent import Intent
from kessai.domain.payout import Payout
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.setup import Setup

_SHOWN: Final[Mapping[type[Document], Callable[[Any], dict[str, Any]]]] = MappingProxyType(
    {Customer: customer_out, Dispute: dispute_out, Payout: payout_out, SavedInstrument: instrument_out}
)
_LINKED: Final[Mapping[type[Document], Callable[[Any, str], dict[str, Any]]]] = MappingProxyType(
    {Intent: intent_out, Setup: setup_out}
)
"""Those that may send their payer somewhere."""


def document_out(document: Document, public_url: str) -> dict[str, Any]:
    """What its routes show; of another, all there is but for whose it is. `public_url` begins links."""
    if (linked := _LINKED.get(type(document))) is not None:
        return linked(document, public_url)
    shown = _SHOWN.get(type(document))
    return _whole(document) if shown is None else shown(document)


def _whole(document: Document) -> dict[str, Any]:
    shown = asdict(document)
    for name in ("merchant_id", "version", "deleted_at"):
        del shown[name]
    return shown
