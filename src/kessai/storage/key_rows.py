"""Idempotency keys to rows and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from kessai.domain.idempotency import KeyClaim, StoredAnswer
from kessai.domain.ids import MerchantId
from kessai.storage.tables import idempotency_keys

CLAIM_COLUMNS: Final = tuple(str(column.name) for column in idempotency_keys.columns)


def claim_to_row(claim: KeyClaim) -> tuple[Any, ...]:
    """The values of CLAIM_COLUMNS."""
    answer = claim.answer
    return (
        claim.merchant_id,
        claim.key,
        claim.fingerprint,
        answer.status,
        answer.content_type,
        answer.body,
        answer.is_sealed,
        claim.created_at,
        claim.expires_at,
        answer.request_id,
    )


def claim_from_row(row: Sequence[Any]) -> KeyClaim:
    """The claim that `claim_to_row` took apart."""
    merchant_id, key, fingerprint, status, content_type, body, is_sealed, created_at, expires_at, by = row
    answer = StoredAnswer(status, content_type, bytes(body), bool(is_sealed), by)
    return KeyClaim(MerchantId(merchant_id), key, fingerprint, answer, created_at, expires_at)
