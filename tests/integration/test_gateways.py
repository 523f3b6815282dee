"""Gateways that are opened and closed in one process, as a test suite does it."""

from __future__ import annotations

import gc
import weakref

from tests.support.gateway import opened_gateway


async def test_nothing_holds_a_gateway_that_was_closed(sqlite_url: str) -> None:
    async with opened_gateway(sqlite_url) as gateway:
        await gateway.pay()
        database = weakref.ref(gateway.joined.database)
    del gateway

    gc.collect()
    assert database() is None
