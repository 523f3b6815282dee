"""Telling the dispatchers of other processes that something was committed. Who polls finds it anyway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Doorbell(Protocol):
    """Rung after a commit, heard by whoever dispatches elsewhere. Nothing fails when it is out of order."""

    def ring(self) -> None:
        """Have the others told soon. Never waits, never raises; many rings at once become few."""
        ...

    async def run(self, on_ring: Callable[[], None] | None) -> None:
        """Pass on what is rung, and call `on_ring` when somebody else rings, until cancelled.

        Also called once connected, for what may have been missed. None: this process does not dispatch.
        """
        ...
