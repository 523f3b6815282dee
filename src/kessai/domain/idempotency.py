"""One key, one effect: the claim that is written in the same transaction as what it protects."""

from __future__ import annotations

from datetime import datetime

from kessai.domain.ids import MerchantId
from kessai.domain.values import value


@value(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was sent, to be sent again byte for byte. `is_sealed`: the body is encrypted.

    `request_id` is of the request that it answered; None if that was before such ids were kept.
    """

    status: int
    content_type: str
    body: bytes
    is_sealed: bool = False
    request_id: str | None = None


@value(frozen=True, slots=True)
class KeyClaim:
    """A key, what it was used for (`fingerprint` of method, path and body) and how it was answered."""

    merchant_id: MerchantId
    key: str
    fingerprint: str
    answer: StoredAnswer
    created_at: datetime
    expires_at: datetime

    def answered(self, answer: StoredAnswer) -> KeyClaim:
        """The same claim with its answer."""
        return KeyClaim(
            self.merchant_id, self.key, self.fingerprint, answer, self.created_at, self.expires_at
        )
