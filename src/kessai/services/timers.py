"""What the clock does: settle the pending, expire the held, let refunds fail, move documents that are due."""

from __future__ import annotations

import asyncio
from typing import Final

from kessai.services.due_documents import DueDocuments
from kessai.services.intent_following import IntentFollower
from kessai.services.payments import Payments
from kessai.services.ports import Clock
from kessai.services.refunds import Refunds
from kessai.storage.journal import Committed, Database, Observer

_AT_ONCE: Final = 200
"""Payments, refunds and documents, of each so many, moved in one tick: one batch of the journal."""


class Timers:
    """Several processes may tick: versions let each move happen once."""

    def __init__(
        self,
        payments: Payments,
        refunds: Refunds,
        follower: IntentFollower,
        documents: DueDocuments,
        database: Database,
        clock: Clock,
        committed: Observer,
    ) -> None:
        self._payments = payments
        self._refunds = refunds
        self._follower = follower
        self._documents = documents
        self._database = database
        self._clock = clock
        self._committed = committed

    async def tick(self) -> int:
        """Do what is due; return how much was done. Another process may have been quicker."""
        now = self._clock.now()
        moved = [*await self._payments.due(now, _AT_ONCE), *await self._refunds.due(now, _AT_ONCE)]
        changes = [await self._follower.follow(change) for change in moved]
        changes += await self._documents.due(now, _AT_ONCE)
        results = await asyncio.gather(*(self._database.commit(change) for change in changes))
        done = [
            (change, result)
            for change, result in zip(changes, results, strict=True)
            if isinstance(result, Committed)
        ]
        for change, result in done:
            self._committed(change, result)
        return len(done)
