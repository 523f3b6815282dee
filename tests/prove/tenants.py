"""One merchant never sees another: every operation of both APIs, asked with another merchant's ids.

The application runs in this process, so that its clock stands still: two answers differ only if the gateway
makes a difference. Ids that nothing has are asked for beside those of somebody else, byte for byte.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import httpx

from tests.api.stripe_dialect.conftest import Stripe
from tests.prove.fleet import Setting
from tests.prove.ground import Kind, open_ground
from tests.prove.native_document import Operation, operations
from tests.prove.planted import plant_in
from tests.prove.report import Report
from tests.prove.tenant_pairs import Pairs, Theirs, stock
from tests.prove.tenants_native import try_native
from tests.prove.tenants_stripe import try_stripe
from tests.prove.walked import LeavingWalk, walk_through
from tests.support.gateway import ROOT, Gateway, opened_gateway

SETTING: Final = Setting()
_MINE, _THEIRS = "sk_test_of_the_one_who_asks", "sk_test_of_the_one_who_has"
_SETTLED: Final = timedelta(days=90)
"""By then whatever the clock does to a merchant's things is done."""


def prove_tenants(kind: Kind, scale: float, seed: int, setting: Setting = SETTING) -> Report:
    """Let one merchant have one of everything, and another ask for it in every way there is."""
    report = Report("prove tenants", kind, scale, seed)
    with open_ground(kind, report) as ground:
        asyncio.run(_run(ground.url, report, setting))
    return report


async def _run(url: str, report: Report, setting: Setting) -> None:
    async with opened_gateway(url) as gateway:
        plant_in(gateway.joined, setting.plant)
        known = operations((await gateway.stranger.get("/openapi.json")).json())
        async with _client(gateway, _MINE) as mine, _client(gateway, _THEIRS) as others:
            for client in (mine, others):
                assert (await client.get("/v1/balance")).is_success
            left = await walk_through(LeavingWalk(Stripe(others, None)), gateway)
            async with _working(gateway):
                theirs = Theirs(_THEIRS, left, await stock(others, known))
                own = await stock(mine, known)
            while await gateway.tick(_SETTLED):
                pass
            pairs = Pairs(gateway, mine, theirs, report, random.Random(report.seed))
            await pairs.note_rows()
            covered = await try_native(pairs, known, own)
            covered |= await try_stripe(pairs, gateway)
    _judge(report, pairs, known, covered)


def _client(gateway: Gateway, key: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(gateway.joined.app), base_url=ROOT, headers=headers
    )


@asynccontextmanager
async def _working(gateway: Gateway) -> AsyncIterator[None]:
    """With its dispatcher at work."""
    working = asyncio.create_task(gateway.joined.worker.run())
    try:
        yield
    finally:
        await gateway.joined.worker.stop()
        await working


def _judge(report: Report, pairs: Pairs, known: list[Operation], covered: set[str]) -> None:
    wanted = pairs.wanted(known)
    uncovered = sorted(wanted - covered)
    report.hold("operations with a case", 100 * (1 - len(uncovered) / len(wanted)), "==", 100, "%")
    if uncovered:
        report.breaks("an operation has no case", uncovered=uncovered)
    report.note("operations", len(wanted))
    for name, count in sorted(pairs.counts.items()):
        report.note(name, count)
    for promise, found in pairs.broken.items():
        report.hold(promise, len(found), "==", 0, "times")
        if found:
            report.breaks(promise, **{promise: found[:40]})
