"""`kill -9` of the server under load: what was acknowledged is there, and nothing was done twice."""

from __future__ import annotations

import pytest

from tests.e2e.audit import audit_rows
from tests.e2e.audit_api import audit_api
from tests.e2e.books import read_books
from tests.e2e.killing import kill_under_load
from tests.e2e.scale import scaled
from tests.e2e.shop import Shop
from tests.support.server import Serve

KILLS = scaled(2)


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    database_url: str, serve: Serve
) -> None:
    server = serve("--db", database_url, "--rate-limit", "0")
    async with Shop(lambda: server.base_url, server.api_key) as shop:
        # when it is killed again and again while customers pay, capture, cancel and take money back
        await kill_under_load(server, shop, kills=KILLS)

        # then the API, the rows and the customers tell one story
        assert await audit_api(shop) == []
        assert audit_rows(await read_books(database_url), shop.journal) == []

        # and there was something to find out: requests were under way each time
        assert shop.journal.unanswered >= KILLS
        print(
            f"{len(shop.journal.acknowledged)} acknowledged, {shop.journal.unanswered} had to be asked again"
        )
