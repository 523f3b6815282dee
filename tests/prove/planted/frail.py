"""A database with a bug that shows when its server goes away at the wrong moment."""

from __future__ import annotations

from dataclasses import replace

from kessai.domain.change import Change
from kessai.storage.journal import COMMITTED, CommitResult, KeyTaken
from kessai.storage.key_rows import claim_from_row
from kessai.storage.saving import FIND_CLAIM
from tests.prove.planted.databases import Wrapped


class KeysAfterEffects(Wrapped):
    """Writes a key in a second transaction, once the effect is known to be done."""

    async def commit(self, change: Change) -> CommitResult:
        claim = change.claim
        # Only of what is made: that a refund is there twice, customers would notice before the auditor.
        if claim is None or change.payment is None or change.payment.version > 1:
            return await self._inner.commit(change)
        found = await self._inner.rows(FIND_CLAIM, merchant_id=claim.merchant_id, key=claim.key)
        if found:
            return KeyTaken(claim_from_row(found[0]))
        result = await self._inner.commit(replace(change, claim=None))
        return await self._inner.commit(Change(claim=claim)) if result == COMMITTED else result
