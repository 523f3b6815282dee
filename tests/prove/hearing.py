"""What the receiver of an endpoint says it was told: kessai's own word for its deliveries is not enough."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.bench.sink import Sink
from tests.prove.ground import Ground


@dataclass(frozen=True, slots=True)
class Hearing:
    """`events` are those of the endpoint's merchant, `came` those that its receiver was told of.

    What a dispatcher that was killed after its post has told comes once more, so there may be no less.
    """

    events: frozenset[str]
    came: frozenset[str]

    @property
    def findings(self) -> list[str]:
        """Every event that never arrived."""
        return [f"the receiver never heard of an event: {each}" for each in sorted(self.events - self.came)]


async def heard_by(sink: Sink, ground: Ground) -> Hearing:
    """Ask the receiver, once everything is settled; its endpoint was there before the first event."""
    url = sink.url()
    rows = await ground.rows(
        "SELECT v.id FROM webhook_events v JOIN webhook_endpoints e ON e.merchant_id = v.merchant_id"
        f" WHERE e.url = '{url}'"
    )
    arrivals = await asyncio.to_thread(sink.arrivals)
    return Hearing(
        frozenset(event_id for (event_id,) in rows),
        frozenset(key.rpartition(" ")[2] for key in arrivals),
    )
