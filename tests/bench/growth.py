"""What a request costs when much is stored: the same measures with few payments and with many."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from kessai.bootstrap import open_gateway
from kessai.dialects.native.paging import encode_cursor
from kessai.domain.ids import MerchantId
from kessai.settings import load_settings
from tests.bench.accounts import place
from tests.bench.hammer import ID, NUMBER, Plan, Saw, hammer
from tests.prove.ground import Ground, Kind, on_a_copy, open_ground
from tests.prove.processes import pinned
from tests.prove.progress import Progress
from tests.prove.report import Line, Report
from tests.support.postgres import PrivatePostgres
from tests.support.server import RunningServer
from tests.support.stock import APART, Stock, lay_in

FEW: Final = 10_000
MANY: Final = 1_000_000
_SERVER_CORE, _LOAD_CORE = 0, 1
_CHANGE_MAX: Final = 1.2
_LIST_MAX: Final = 1.5
_IDS: Final = 5_000
"""Payments that are read by turns, from all of the history."""
_CREATES_PER_S: Final = 8_000
"""More than there will be: each has a key of its own."""
_BODY: Final = json.dumps(
    {
        "amount": 10_000,
        "currency": "INR",
        "description": "Two tickets, second row",
        "customer_email": "customer@example.com",
        "metadata": {"order_id": NUMBER},
    }
)

_LISTS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"status": "CAPTURED"},
    {"status": "FAILED"},
    {"status": "EXPIRED"},
    {"currency": "USD"},
    {"currency": "KWD"},
    {"customer_email": "customer-31@example.com"},
    {"reference": "order-1"},
    {"simulate": "bank_error"},
    {"simulate": "requires_action"},
    {"amount_min": 50_000},
    {"amount_max": 300},
    {"created_from": "a quarter"},
    {"created_to": "three quarters"},
    {"status": "FAILED", "currency": "USD"},
    {"status": "CAPTURED", "currency": "KWD", "amount_min": 1_000},
    {"customer_email": "customer-31@example.com", "status": "FAILED"},
    {"reference": "order-1", "customer_email": "customer-31@example.com", "amount_max": 99_999},
    {"currency": "USD", "created_from": "a quarter", "created_to": "three quarters"},
)
"""What matches most, some, few and none; with and without an index."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is stored, how long each thing is measured, and how many of the lists are."""

    few: int = FEW
    many: int = MANY
    seconds: float = 2.0
    lists: int = len(_LISTS)


@dataclass(frozen=True, slots=True)
class _Shop:
    """The merchants, the first one's secret key, and when payment number 0 was made."""

    merchants: Sequence[MerchantId]
    secret_key: str
    since: datetime


Costs = Mapping[str, float]
"""Microseconds of CPU of all processes for one request, by what was asked."""


def bench_growth(kind: Kind, size: Size) -> Report:
    """Measure on one kind of database."""
    report = Report("bench growth", kind, size.many / MANY, 1)
    with open_ground(kind) as ground:
        shop = asyncio.run(_opened(ground, size))
        _stock(ground, shop, 0, size.few)
        # What is created now is younger than all that is laid in later: on a copy it is in nobody's way.
        with on_a_copy(ground) as copy:
            few = _measured(copy, shop, size.few, size)
        _stock(ground, shop, size.few, size.many)
        many = _measured(ground, shop, size.many, size)
    report.note("payments", f"{size.few:,} and {size.many:,}, with their events and keys")
    for name, before in few.items():
        bound = _LIST_MAX if name.startswith("list") else _CHANGE_MAX
        ratio = many[name] / before
        value = f"{ratio:.2f} ({before:,.0f} to {many[name]:,.0f} us)"
        report.lines.append(Line(name, value, f"at most {bound}", ratio <= bound))
    return report


async def _opened(ground: Ground, size: Size) -> _Shop:
    settings = load_settings(env_file=None, database_url=ground.url)
    ids: list[MerchantId] = []
    secret_key = ""
    async with open_gateway(settings) as gateway:
        for name in ("Kyoto Tea", "Osaka Books", "Nara Deer", "Kobe Beef"):
            merchant, issued, change = gateway.services.merchants.create(
                name, email=None, currency="INR", secret_key=None, at=gateway.clock.now()
            )
            await gateway.database.commit(change)
            ids.append(merchant.id)
            secret_key = secret_key or issued.secret_key
    return _Shop(ids, secret_key, datetime.now(UTC) - size.many * APART)


def _stock(ground: Ground, shop: _Shop, first: int, end: int) -> None:
    progress = Progress(f"payments laid in on {ground.kind}", end)
    lay_in(ground.url, Stock(shop.merchants, shop.since, first, end), progress.at)
    progress.end()


def _measured(ground: Ground, shop: _Shop, stored: int, size: Size) -> Costs:
    env = {"LOG_LEVEL": "WARNING", "RATE_LIMIT_REQUESTS": "0"}
    server = RunningServer("--db", ground.url, directory=ground.directory, env=env)
    with closing(server):
        with pinned(_SERVER_CORE):
            server.start()
        return _costs(ground, shop, server, stored, size)


def _costs(ground: Ground, shop: _Shop, server: RunningServer, stored: int, size: Size) -> Costs:
    pids = [server.pid]
    if isinstance(ground.postgres, PrivatePostgres):
        pids.append(ground.postgres.pid)
    facts: dict[str, Any] = {"port": server.port, "seconds": size.seconds, "warm_up_s": size.seconds / 4}
    facts["processes"] = {"all": pids}
    place(pids[1:], _LOAD_CORE)
    key = {"Authorization": f"Bearer {shop.secret_key}"}
    ids = asyncio.run(_ids(ground, shop))
    plans = {"get": Plan(path=f"/api/v1/payments/{ID}", headers=key, ids=_spread(ids, _IDS), **facts)}
    for wanted in _LISTS[: size.lists]:
        for where, cursor in (("first page", None), ("deep page", encode_cursor(ids[len(ids) // 2]))):
            path = f"/api/v1/payments?{urlencode(_query(wanted, shop, stored, cursor))}"
            plans[f"list {_words(wanted)}, {where}"] = Plan(path=path, headers=key, **facts)
    # Last, since it adds to what is stored. Keys by chance, as clients have, land anywhere in their index.
    headers, keys = {**key, "Idempotency-Key": ID}, _keys(round(_CREATES_PER_S * size.seconds * 1.25))
    plans["create"] = Plan(
        path="/api/v1/payments", method="POST", headers=headers, body=_BODY, ids=keys, is_once=True, **facts
    )
    return _hammered(plans, f"requests with {stored:,} payments on {ground.kind}")


def _hammered(plans: Mapping[str, Plan], title: str) -> Costs:
    progress = Progress(title, len(plans))
    costs = {}
    for done, (name, plan) in enumerate(plans.items()):
        progress.at(done, name)
        saw = hammer(plan, core=_LOAD_CORE)
        _check(name, saw)
        costs[name] = saw.cpu_us("all")
    progress.end()
    return costs


def _check(name: str, saw: Saw) -> None:
    if not saw.answers or set(saw.statuses) - {"200", "201"}:
        raise RuntimeError(f"{name}: {saw.statuses or 'no answers'}, the last {saw.last_body[:500]}")


async def _ids(ground: Ground, shop: _Shop) -> list[str]:
    """The first merchant's payments, oldest first."""
    rows = await ground.rows(f"SELECT id FROM payments WHERE merchant_id = '{shop.merchants[0]}' ORDER BY id")
    return [str(payment_id) for (payment_id,) in rows]


def _keys(count: int) -> list[str]:
    dice = Random(count)
    return [str(UUID(int=dice.getrandbits(128))) for _ in range(count)]


def _spread(ids: Sequence[str], count: int) -> list[str]:
    """So many of them, from all over and not in order."""
    chosen = ids[:: max(1, len(ids) // count)]
    return [chosen[number * 7_919 % len(chosen)] for number in range(len(chosen))]


def _query(wanted: Mapping[str, Any], shop: _Shop, stored: int, cursor: str | None) -> dict[str, Any]:
    parts = {"a quarter": 0.25, "three quarters": 0.75}
    moments = {word: shop.since + stored * part * APART for word, part in parts.items()}
    query = {
        name: f"{moments[value]:%Y-%m-%dT%H:%M:%SZ}" if value in moments else value
        for name, value in wanted.items()
    }
    return query if cursor is None else {**query, "cursor": cursor}


def _words(wanted: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in wanted.items()) or "of all"
