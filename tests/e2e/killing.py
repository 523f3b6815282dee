"""Load on a server that is killed meanwhile."""

from __future__ import annotations

import asyncio

from tests.e2e.scale import scaled
from tests.e2e.shop import Shop
from tests.support.server import RunningServer

CUSTOMERS = 16
BETWEEN_KILLS = 60


async def kill_under_load(server: RunningServer, shop: Shop, *, kills: int) -> None:
    """Have customers buy while the server is killed and started again; each gets every answer in the end."""
    async with shop.customers(CUSTOMERS):
        for _ in range(kills):
            await shop.until_more(scaled(BETWEEN_KILLS))
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        await shop.until_more(scaled(BETWEEN_KILLS))
