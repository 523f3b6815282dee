"""Customers in full flow beside an endpoint that hears everything; afterwards all of it is audited.

What an attack does to the processes meanwhile is its own; in the end every event has to be delivered, and
what customers were told, what the API says, what the rows say and what the receiver heard must be one story.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.sink import Sink
from tests.e2e.journal import Journal
from tests.e2e.shop import Shop
from tests.prove.auditor import audited
from tests.prove.fleet import Fleet
from tests.prove.ground import Ground
from tests.prove.hearing import heard_by
from tests.prove.storm import until_settled
from tests.prove.troubles import insist

CUSTOMERS: Final = 16


@dataclass(frozen=True, slots=True)
class Trade:
    """What became of it."""

    journal: Journal
    deliveries: int
    findings: list[str]


async def trade(
    ground: Ground,
    fleet: Fleet,
    sink: Sink,
    title: str,
    trouble: Callable[[Shop], Awaitable[None]],
    customers: int = CUSTOMERS,
) -> Trade:
    """Have customers buy for as long as `trouble` takes, and each finish what it began; then audit.

    An answer that no customer expects ends it, and so does one that does not come.
    """
    log = ground.directory / "customers.jsonl"
    unexpected: list[str] = []
    with closing(Journal.logged_to(log)) as journal:
        async with Shop(lambda: fleet.api.base_url, fleet.api.api_key, journal) as shop:
            endpoint = await insist(shop, "POST", "/webhooks/endpoints", {"url": sink.url()})
            assert endpoint.status == 201, endpoint.body
            try:
                async with shop.customers(customers):
                    await trouble(shop)
            except* (AssertionError, TimeoutError) as group:
                unexpected = [f"an unexpected answer: {str(each) or 'none in time'}" for each in _each(group)]
    if unexpected:
        return Trade(journal, 0, unexpected)
    is_settled = await until_settled(ground, title)
    deliveries = await ground.count("SELECT count(*) FROM webhook_deliveries")
    findings = [] if is_settled else ["not settled: there are events or deliveries that nobody takes up"]
    findings += (await heard_by(sink, ground)).findings
    findings += await asyncio.to_thread(found, log, ground, fleet)
    return Trade(journal, deliveries, findings)


def _each(error: BaseException) -> Iterator[BaseException]:
    """The errors that a group is of."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _each(one)
    else:
        yield error


def found(log: Path, ground: Ground, fleet: Fleet, api_key: str | None = None) -> list[str]:
    """What the auditor finds, asking the API as well, with the fleet's own key or another."""
    findings = audited(log, ground.url, fleet.api.base_url, api_key or fleet.api.api_key)
    return [f"{each['wrong']}: {each['where']}" for each in findings]


def kinds_of(findings: list[str]) -> str:
    """What is wrong, without where."""
    return "; ".join(sorted({each.partition(":")[0] for each in findings}))
