"""One merchant never sees another: every operation of both APIs, asked with another merchant's ids.

The clocks of the servers stand still but when they are moved: two answers differ only if the gateway makes a
difference. Ids that nothing has are asked for beside those of somebody else, byte for byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx

from kessai.dialects.stripe.routes import every_route
from tests.api.stripe_dialect.conftest import Stripe
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.native_document import Operation, operations
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.tenant_pairs import Pairs
from tests.prove.tenant_stock import Theirs, keys_of_anybody, leave_more, stock
from tests.prove.tenants_native import try_native
from tests.prove.tenants_stripe import try_stripe
from tests.prove.walked import LeavingWalk, walk_through
from tests.support.receiver import Receiver
from tests.support.webhooks import until

SETTING: Final = Setting(
    retries=0,
    retry_delay_s=0,
    dispatchers=1,
    told=True,
    # Nothing is forgotten meanwhile: that would look as if somebody had changed it.
    options=(("IDEMPOTENCY_TTL_HOURS", "8760"), ("EVENT_RETENTION_DAYS", "0")),
)
_MINE, _THEIRS = "sk_test_of_the_one_who_asks", "sk_test_of_the_one_who_has"
_SETTLED: Final = timedelta(days=90)
"""By then whatever the clock does to a merchant's things is done."""
_REST: Final = timedelta(hours=1)
_PATIENCE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class _Hands:
    """On the clocks of all processes."""

    client: httpx.AsyncClient
    urls: Sequence[str]

    async def tick(self, after: timedelta = timedelta(0)) -> int:
        """Let time pass everywhere and do what is due; returns how much that was."""
        asked = {"after_s": after.total_seconds()}
        done = [await self.client.post(f"{url}/hand/tick", params=asked) for url in self.urls]
        return sum(int(each.raise_for_status().text) for each in done)


def prove_tenants(kind: Kind, scale: float, seed: int, setting: Setting = SETTING) -> Report:
    """Let one merchant have one of everything, and another ask for it in every way there is."""
    report = Report("prove tenants", kind, scale, seed)
    with open_ground(kind, report) as ground, Fleet(ground, setting) as fleet:
        asyncio.run(_run(ground, fleet, report))
    return report


async def _run(ground: Ground, fleet: Fleet, report: Report) -> None:
    async with Receiver() as receiver, _clients(fleet) as (stranger, mine, others):
        hands = _Hands(stranger, [each.base_url for each in fleet.servers])
        known = operations((await stranger.get("/openapi.json")).json())
        for client in (mine, others):
            assert (await client.get("/v1/balance")).is_success
        walk = LeavingWalk(Stripe(others, None))
        await walk_through(walk, hands)
        await leave_more(walk)
        theirs = Theirs(_THEIRS, others, walk.left, await stock(others, known, f"{receiver.url}/theirs"))
        pairs = Pairs(ground, mine, theirs, report)
        own = await stock(mine, known, f"{receiver.url}/mine")
        while await hands.tick(_SETTLED):
            pass
        await _until_told(hands, ground)
        await pairs.note_rows()
        # Those of the Stripe API are asked twice, with other things.
        goal = len(pairs.wanted(known)) + len(every_route())
        progress = Progress(f"tenants on {report.database}: operations", goal)
        pairs.compared = progress.at
        covered = await try_native(pairs, known, own)
        walk = await try_stripe(pairs, hands)
        await _until_told(hands, ground)
        await walk.look_for_more()
        progress.end()
        for each in receiver.requests:
            if each.path.endswith("/mine"):
                pairs.look(f"{each.body!r}{each.headers}", "", "a webhook")
        for operation in known:
            if not operation.needs_key and not operation.path_names:
                shown = await stranger.request(operation.method, operation.path)
                pairs.look(f"{shown.text}{shown.headers}", "", operation.path)
    _judge(report, pairs, known, covered | walk.covered)


@asynccontextmanager
async def _clients(fleet: Fleet) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Of somebody without a key, of who asks and of who has."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=fleet.api.base_url,
                    headers={"Authorization": f"Bearer {key}"} if key else {},
                    event_hooks={"request": [keys_of_anybody()] if key else []},
                    timeout=60,
                    trust_env=False,
                )
            )
            for key in ("", _MINE, _THEIRS)
        ]


async def _until_told(hands: _Hands, ground: Ground) -> None:
    """Wait until there is nothing left to deliver."""
    untold = "SELECT count(*) FROM webhook_events WHERE fanned_out_at IS NULL"
    due = "SELECT count(*) FROM webhook_deliveries WHERE due_at IS NOT NULL"

    async def is_told() -> bool:
        # Endpoints that fail are left to rest for a while.
        await hands.tick(_REST)
        return not await ground.count(untold) + await ground.count(due)

    await until(is_told, _PATIENCE_S)


def _judge(report: Report, pairs: Pairs, known: list[Operation], covered: set[str]) -> None:
    wanted = pairs.wanted(known)
    uncovered = sorted(wanted - covered)
    report.hold("operations with a case", 100 * (1 - len(uncovered) / len(wanted)), "==", 100, "%")
    if uncovered:
        report.breaks("an operation has no case", uncovered=uncovered)
    report.note("operations", len(wanted))
    with_ids = {each for each in wanted if "{" in each}
    share = 100 * len(with_ids & pairs.missed) / len(with_ids)
    report.hold("of those with an id in their path, asked for theirs", share, "==", 100, "%")
    report.hold("rows of the other merchant", sum(map(len, pairs.before.values())), ">=", 1, "")
    for name, count in sorted(pairs.counts.items()):
        report.note(name, count)
    for promise, found in pairs.broken.items():
        report.hold(promise, len(found), "==", 0, "times")
        if found:
            report.breaks(promise, **{promise: found[:40]})
