"""What is done now and then: forget what is too old, write down when API keys were used."""

from __future__ import annotations

from dataclasses import dataclass

from kessai.services.doorkeeper import Doorkeeper
from kessai.services.ports import Clock
from kessai.services.retention import BATCHES_MAX, Retention
from kessai.storage.journal import Database
from kessai.storage.repositories.idempotency import PRUNED_AT_ONCE, IdempotencyRepository


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many expired idempotency keys were forgotten, and how many events lost their bodies."""

    keys: int
    events: int


class Pruning:
    """Small transactions, so that writers hardly notice."""

    def __init__(
        self, database: Database, clock: Clock, doorkeeper: Doorkeeper, retention: Retention
    ) -> None:
        self._claims = IdempotencyRepository(database)
        self._clock = clock
        self._doorkeeper = doorkeeper
        self._retention = retention

    async def run(self, *, batches: int | None = BATCHES_MAX) -> Pruned:
        """Forget what has expired; of old events so many `batches`, or all."""
        await self._doorkeeper.note_uses()
        keys = await self._prune_keys()
        return Pruned(keys, await self._retention.prune(batches=batches))

    async def _prune_keys(self) -> int:
        pruned = 0
        while (some := await self._claims.prune(self._clock.now())) > 0:
            pruned += some
            if some < PRUNED_AT_ONCE:
                break
        return pruned
