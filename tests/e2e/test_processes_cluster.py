"""Two API processes and a dispatcher on PostgreSQL with Valkey: together they are one gateway."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from tests.e2e.audit import audit_rows
from tests.e2e.audit_api import audit_api
from tests.e2e.books import read_books
from tests.e2e.cluster import RATE_LIMIT, Cluster
from tests.e2e.journal import Answer
from tests.e2e.shop import Shop
from tests.e2e.waiting import until
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.postgresql, pytest.mark.valkey, pytest.mark.slow]

AT_ONCE: Final = 64


async def at_once(shops: tuple[Shop, Shop], work: Callable[[Shop], Awaitable[Answer]]) -> list[Answer]:
    """Do the same AT_ONCE times at the same time, by turns at either process."""
    return await asyncio.gather(*(work(shops[number % 2]) for number in range(AT_ONCE)))


async def books_balance(cluster: Cluster, shop: Shop) -> None:
    """The rows of this shop's merchant are what it was told; other tests' merchants have their own."""
    assert audit_rows((await read_books(cluster.url)).of(shop), shop.journal) == []
    assert await audit_api(shop) == []


def test_processes_that_start_together_make_one_first_merchant(cluster: Cluster, postgres: Postgres) -> None:
    named = "SELECT count(*) FROM merchants WHERE name = 'First merchant'"
    assert postgres.sql(named, database=cluster.url.rpartition("/")[2]) == ["1"]


async def has_one_effect(shops: tuple[Shop, Shop], path: str, key: str, **body: Any) -> str:
    """The same request many times at once: all get the same bytes, and one of them is the first."""
    answers = await at_once(shops, lambda shop: shop.ask(path, key, **body))
    assert {answer.status for answer in answers} <= {200, 201}
    assert len({(answer.status, answer.body) for answer in answers}) == 1
    assert [answer.is_replay for answer in answers].count(False) == 1
    return str(answers[0].json["id"])


async def test_duplicates_that_race_over_both_processes_have_one_effect(cluster: Cluster) -> None:
    async with cluster.shops() as shops:
        made = {"amount": 1000, "reference": "made once", "capture_method": "manual"}
        payment_id = await has_one_effect(shops, "/payments", "made once", **made)
        await has_one_effect(shops, f"/payments/{payment_id}/capture", "captured once", amount=900)
        given = {"amount": 300, "reason": "refunded once"}
        await has_one_effect(shops, f"/payments/{payment_id}/refund", "refunded once", **given)
        await books_balance(cluster, shops[1])


async def accepted_for(shop: Shop) -> float:
    """Ask until the key opens nothing; returns for how many seconds requests were still let in."""
    started = time.monotonic()
    asked_at: list[float] = []

    async def is_refused() -> bool:
        asked_at.append(time.monotonic())
        return (await shop.get("/merchants/me")).status == 401

    await until(is_refused)
    return asked_at[-2] - started if len(asked_at) > 1 else 0.0


async def test_a_revoked_key_is_refused_everywhere_within_a_second(cluster: Cluster) -> None:
    async with cluster.shops() as (here, there):
        issued = (await here.post("/merchants/me/api-keys", {"name": "to be revoked"})).json
        holders = tuple(shop.with_key(issued["secret_key"]) for shop in (here, there))
        async with holders[0], holders[1]:
            # given both processes have just let it in
            assert [(await each.get("/merchants/me")).status for each in holders] == [200, 200]

            # when one of them is told to revoke it
            assert (await here.send("DELETE", f"/merchants/me/api-keys/{issued['id']}")).status == 200

            # then that one refuses it at once, and the other within a second
            assert (await holders[0].get("/merchants/me")).status == 401
            assert await accepted_for(holders[1]) < 1.0


async def test_a_rotated_key_is_refused_everywhere_within_a_second(cluster: Cluster) -> None:
    async with cluster.shops() as (here, there):
        issued = (await here.post("/merchants/me/api-keys", {"name": "to be rotated"})).json
        async with there.with_key(issued["secret_key"]) as holder:
            assert (await holder.get("/merchants/me")).status == 200
            rotated = await here.post(f"/merchants/me/api-keys/{issued['id']}/rotate")
            async with there.with_key(rotated.json["secret_key"]) as successor:
                assert (await successor.get("/merchants/me")).status == 200
            assert await accepted_for(holder) < 1.0


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


async def drain(shops: tuple[Shop, Shop], requests: int) -> Counter[int]:
    """So many requests, half of them at each process, some at a time."""
    found: Counter[int] = Counter()
    for _ in range(0, requests, AT_ONCE):
        found += statuses(await at_once(shops, lambda shop: shop.get("/merchants/me")))
    return found


async def readiness(shop: Shop) -> dict[str, Any]:
    answer = await shop.get("/readiness")
    assert answer.status == 200
    return answer.json


async def until_redis_is(shops: tuple[Shop, Shop], *, ok: bool) -> None:
    async def all_say_so() -> bool:
        reports = [await readiness(shop) for shop in shops]
        return all(report["checks"]["redis"]["ok"] is ok for report in reports)

    await until(all_say_so)


async def test_the_rate_limit_is_one_for_both_processes(cluster: Cluster) -> None:
    async with cluster.shops() as shops:
        # when a merchant asks more often than it may, at both processes at the same time
        found = await drain(shops, RATE_LIMIT + 2 * AT_ONCE)

        # then as many as allowed were let in by both together, and the rest knows how long to wait
        assert found == {200: RATE_LIMIT, 429: found.total() - RATE_LIMIT}
        for shop in shops:
            refused = await shop.get("/merchants/me")
            assert refused.status == 429
            assert int(refused.headers["Retry-After"]) >= 1
            assert refused.headers["RateLimit-Remaining"] == "0"


async def test_without_valkey_each_process_limits_by_itself_until_it_is_back(cluster: Cluster) -> None:
    async with cluster.shops() as shops:
        # given a merchant that has used up its bucket
        await drain(shops, RATE_LIMIT + AT_ONCE)
        try:
            # when Valkey is killed
            cluster.valkey.kill()

            # then requests go on: each process has a bucket of its own, and no request waits long
            answers = await at_once(shops, lambda shop: shop.get("/merchants/me"))
            assert statuses(answers)[200] >= AT_ONCE - 2
            assert max(answer.seconds for answer in answers) < 2

            # and both say so, and are ready nevertheless
            for shop in shops:
                report = await readiness(shop)
                assert report["status"] == "degraded"
                assert report["checks"]["redis"]["ok"] is False
        finally:
            cluster.valkey.start()

        # when it is back, empty, then the two share one bucket again
        await until_redis_is(shops, ok=True)
        found = await drain(shops, RATE_LIMIT + 2 * AT_ONCE)
        assert found[200] == RATE_LIMIT
