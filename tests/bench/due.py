"""Deliveries that are due: made by the real use cases, through the real journal, before a run starts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kessai.bootstrap import open_gateway
from kessai.domain.merchant import Merchant
from kessai.settings import load_settings
from tests.prove.ground import Ground
from tests.support.manual_clock import ManualClock
from tests.support.webhooks import Office

ENDPOINTS: Final = 20
_EVENTS_OF_A_PAYMENT: Final = 2
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many deliveries wait, and the secret keys of their merchant and of one without endpoints."""

    deliveries: int
    owner_key: str
    other_key: str


async def make_backlog(ground: Ground, urls: Sequence[str], at_least: int) -> Backlog:
    """Make payments whose events go to all `urls`, `at_least` deliveries together, none of them tried."""
    settings = load_settings(env_file=None, database_url=ground.url)
    async with open_gateway(settings) as gateway:
        merchants: list[tuple[Merchant, str]] = []
        for name in ("Owner of the backlog", "Customer of the API"):
            merchant, issued, change = gateway.services.merchants.create(
                name, email=None, currency="INR", secret_key=None, at=gateway.clock.now()
            )
            await gateway.database.commit(change)
            merchants.append((merchant, issued.secret_key))
        office = Office(
            gateway.database,
            merchants[0][0],
            clock=ManualClock(datetime.now(UTC)),
            api_secret_key=settings.api_secret_key.get_secret_value(),
        )
        for url in urls:
            await office.endpoint(url, events=["*"])
        payments = -(-at_least // (len(urls) * _EVENTS_OF_A_PAYMENT))
        await _pay(office, payments)
        events = await office.fan_out()
    return Backlog(events * len(urls), merchants[0][1], merchants[1][1])


async def _pay(office: Office, count: int) -> None:
    for start in range(0, count, _AT_ONCE):
        await asyncio.gather(
            *(
                office.pay(
                    "success",
                    description="Two tickets, second row",
                    customer_email="customer@example.com",
                    reference=f"order-{number}",
                )
                for number in range(start, min(start + _AT_ONCE, count))
            )
        )
