"""What is done now and then: forget expired keys, write down when API keys were used."""

from __future__ import annotations

from kessai.services.doorkeeper import Doorkeeper
from kessai.services.ports import Clock
from kessai.storage.journal import Database
from kessai.storage.repositories.idempotency import PRUNED_AT_ONCE, IdempotencyRepository


class Pruning:
    """Small transactions, so that writers hardly notice."""

    def __init__(self, database: Database, clock: Clock, doorkeeper: Doorkeeper) -> None:
        self._claims = IdempotencyRepository(database)
        self._clock = clock
        self._doorkeeper = doorkeeper

    async def run(self) -> int:
        """Forget everything that has expired; return how many idempotency keys that were."""
        await self._doorkeeper.note_uses()
        pruned = 0
        while (some := await self._claims.prune(self._clock.now())) > 0:
            pruned += some
            if some < PRUNED_AT_ONCE:
                break
        return pruned
