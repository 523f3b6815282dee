"""Documents as events tell of them: those that have routes of their own look as their routes show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Final

from kessai.dialects.native.money_translate import dispute_out, payout_out
from kessai.domain.dispute import Dispute
from kessai.domain.document import Document
from kessai.domain.payout import Payout

_SHOWN: Final[Mapping[type[Document], Callable[[Any], dict[str, Any]]]] = MappingProxyType(
    {Dispute: dispute_out, Payout: payout_out}
)


def document_out(document: Document) -> dict[str, Any]:
    """What its routes show; of another, all there is to know but for whose it is."""
    shown = _SHOWN.get(type(document))
    return _whole(document) if shown is None else shown(document)


def _whole(document: Document) -> dict[str, Any]:
    shown = asdict(document)
    for name in ("merchant_id", "version", "deleted_at"):
        del shown[name]
    return shown
