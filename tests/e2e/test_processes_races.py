"""Many captures and refunds of one payment at the same time: not one minor unit may go astray."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from tests.e2e.audit import audit_rows
from tests.e2e.audit_api import audit_api
from tests.e2e.books import read_books, read_sqlite
from tests.e2e.cluster import Cluster
from tests.e2e.embedded import Embedded
from tests.e2e.journal import Answer
from tests.e2e.scale import scaled
from tests.e2e.shop import Shop

pytestmark = pytest.mark.slow

AT_ONCE: Final = 64
TIMES: Final = scaled(1)
PART: Final = 7
FITTING: Final = AT_ONCE * 3 // 4
"""So many parts the payment has; the rest of the refunds must be refused."""


async def at_once(shops: list[Shop], work: Callable[[Shop], Awaitable[Answer]]) -> Counter[int]:
    """Do the same AT_ONCE times at the same time; returns how often each status came."""
    answers = await asyncio.gather(*(work(shops[number % len(shops)]) for number in range(AT_ONCE)))
    return Counter(answer.status for answer in answers)


async def many_refunds(shops: list[Shop]) -> None:
    """More partial refunds than the payment can bear: exactly as many as fit are made."""
    payment_id = await shops[0].pay(FITTING * PART)
    found = await at_once(shops, lambda shop: shop.refund(payment_id, PART))
    assert found == {201: FITTING, 422: AT_ONCE - FITTING}
    payment = (await shops[0].get(f"/payments/{payment_id}")).json
    assert (payment["status"], payment["refunded_amount"]) == ("REFUNDED", FITTING * PART)


async def many_captures(shops: list[Shop]) -> None:
    """Captures of different parts: one of them takes its part, and the others learn that they came late."""
    payment_id = await shops[0].pay(AT_ONCE * 10, capture_method="manual")
    parts = iter(range(1, AT_ONCE + 1))
    found = await at_once(shops, lambda shop: shop.ask(f"/payments/{payment_id}/capture", amount=next(parts)))
    assert found == {200: 1, 422: AT_ONCE - 1}


async def capture_against_cancel(shops: list[Shop]) -> None:
    """Captures and cancellations: one thing happens, once."""
    payment_id = await shops[0].pay(100, capture_method="manual")
    doings = iter(["capture", "cancel"] * AT_ONCE)
    found = await at_once(shops, lambda shop: shop.ask(f"/payments/{payment_id}/{next(doings)}"))
    assert found == {200: 1, 422: AT_ONCE - 1}


async def many_payouts(shops: list[Shop]) -> None:
    """More payouts than there is money: exactly as many as fit are made."""
    await shops[0].pay(100_000, simulate="available_at_once")
    before = await available(shops[0])
    found = await at_once(shops, lambda shop: shop.post("/payouts", {"amount": before // FITTING}))
    assert found == {201: FITTING, 422: AT_ONCE - FITTING}
    assert await available(shops[-1]) == before - before // FITTING * FITTING


async def available(shop: Shop) -> int:
    """What can be paid out now."""
    (holding,) = (await shop.get("/balance")).json["data"]
    return int(holding["available"])


RACES: Final = (many_refunds, many_captures, capture_against_cancel, many_payouts)


@pytest.mark.parametrize("race", RACES)
async def test_no_minor_unit_is_lost_when_many_want_the_same(
    embedded: Embedded, race: Callable[[list[Shop]], Awaitable[None]]
) -> None:
    async with embedded.shop() as shop:
        for _ in range(TIMES):
            await race([shop])
        assert await audit_api(shop) == []
        assert audit_rows(read_sqlite(embedded.path).of(shop), shop.journal) == []


@pytest.mark.postgresql
@pytest.mark.valkey
@pytest.mark.parametrize("race", RACES)
async def test_nor_when_they_come_to_two_processes(
    cluster: Cluster, race: Callable[[list[Shop]], Awaitable[None]]
) -> None:
    async with cluster.shops() as shops:
        await race(list(shops))
        assert await audit_api(shops[0]) == []
        assert audit_rows((await read_books(cluster.url)).of(shops[0]), shops[0].journal) == []
