"""The attacks by name: what each is for, and on which databases it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.prove.addresses import prove_addresses
from tests.prove.cards import prove_cards
from tests.prove.disk import prove_disk
from tests.prove.ground import KINDS, Kind
from tests.prove.hostile import prove_hostile
from tests.prove.kill import prove_kill
from tests.prove.malformed import prove_malformed
from tests.prove.migrations import prove_migrations
from tests.prove.model import prove_model
from tests.prove.parsers import prove_parsers
from tests.prove.postgres_outages import prove_outages
from tests.prove.power import prove_power
from tests.prove.prove_planted import prove_planted
from tests.prove.races import prove_races
from tests.prove.redis import prove_redis
from tests.prove.refunds import prove_refunds
from tests.prove.report import Report
from tests.prove.signatures import prove_signatures
from tests.prove.soak import prove_soak
from tests.prove.storm import prove_storm
from tests.prove.tenants import prove_tenants
from tests.prove.term import prove_term


@dataclass(frozen=True, slots=True)
class Attack:
    """One of them: `title` says in a line what is done, for the table of what was shown."""

    run: Callable[[Kind, float, int], Report]
    title: str
    kinds: tuple[Kind, ...] = KINDS


ATTACKS: Final[Mapping[str, Attack]] = {
    "kill": Attack(prove_kill, "kill -9 at random moments under 16 clients that retry with their keys"),
    "races": Attack(prove_races, "20 requests at once for each key: duplicates, others, hang-ups"),
    "model": Attack(prove_model, "random requests in any order, each answered as a model of 200 lines says"),
    "refunds": Attack(prove_refunds, "64 captures, refunds and cancels of one payment at once"),
    "term": Attack(prove_term, "SIGTERM at random moments: in full flow, starting, migrating, and twice"),
    "power": Attack(
        prove_power, "power loss at any moment, unsynced writes dropped, torn or reordered", ("sqlite",)
    ),
    "disk": Attack(prove_disk, "a disk that is full, read-only or broken, no descriptors, under 8 clients"),
    "outages": Attack(
        prove_outages,
        "PostgreSQL stopped, cut off, crowded and hanging, commits without answer, a standby promoted",
        ("postgresql",),
    ),
    "redis": Attack(prove_redis, "the shared rate limit's server is flushed or killed every two seconds"),
    "migrations": Attack(
        prove_migrations, "the first release's database upgraded under kill -9, by two at once, down and up"
    ),
    "hostile": Attack(prove_hostile, "receivers that hang, drip, flood and lie beside a healthy one"),
    "storm": Attack(prove_storm, "failing receivers, killed and paused dispatchers, changing endpoints"),
    "addresses": Attack(prove_addresses, "webhook URLs that lead to forbidden addresses by any trick"),
    "signatures": Attack(prove_signatures, "every webhook verifies; with one bit flipped it does not"),
    "soak": Attack(prove_soak, "half an hour at 50 requests a second: memory, descriptors, rows kept"),
    "cards": Attack(
        prove_cards, "real card numbers in every place and form; a search through all that is left"
    ),
    "malformed": Attack(prove_malformed, "generated and odd requests of both APIs"),
    "parsers": Attack(
        prove_parsers, "altered bytes for each parser alone, chosen by the code they reach", ("sqlite",)
    ),
    "tenants": Attack(prove_tenants, "every operation of both APIs with another merchant's ids"),
    "planted": Attack(prove_planted, "planted bugs, each of which its attack has to find"),
}
