"""`kessai migrate` and `kessai prune`: what operators do to the database as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kessai.cli.configuration import settings_from
from kessai.cli.failures import usage_error
from kessai.cli.options import DatabaseUrl, Json
from kessai.cli.output import console, write_json

if TYPE_CHECKING:
    from kessai.bootstrap import Gateway
    from kessai.services.pruning import Pruned


def migrate(
    revision: Annotated[
        str | None,
        typer.Option(
            metavar="REVISION",
            help="How far to go: a revision, head, base, +1 or -1.",
            show_default="head; -1 with --down",
        ),
    ] = None,
    down: Annotated[
        bool, typer.Option("--down", help="Go back; what the older schema has no place for is lost.")
    ] = False,
    db: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Bring the database's schema to a revision.

    However many are started, one migrates at a time, and the others find nothing left to do.
    """
    from kessai.cli.opening import quiet_logging, refusals
    from kessai.storage.migrate import current_revision, downgrade, upgrade

    if not down and revision is not None and (revision == "base" or revision.startswith("-")):
        raise usage_error(f"--revision {revision} goes back", hint="add --down if that is what you want")
    settings = settings_from(database_url=db)
    url = settings.database_url
    quiet_logging(settings)
    with refusals(in_use_hint="a server migrates its SQLite file as it starts"):
        before = current_revision(url)
        if down:
            downgrade(url, revision or "-1")
        else:
            upgrade(url, revision or "head")
        after = current_revision(url)
    if json:
        write_json({"from": before, "to": after})
    elif before == after:
        console().print(f"The database is at revision {after or 'none'}; there was nothing to do.")
    else:
        console().print(f"Migrated the database from revision {before or 'none'} to {after or 'none'}.")


def prune(db: DatabaseUrl = None, json: Json = False) -> None:
    """Forget idempotency keys that have expired, and bodies and attempts of old events.

    Servers do it by themselves; EVENT_RETENTION_DAYS says how old.
    """
    from kessai.cli.opening import with_gateway

    async def work(gateway: Gateway) -> Pruned:
        return await gateway.pruning.run(batches=None)

    pruned = with_gateway(settings_from(database_url=db), work)
    if json:
        write_json({"pruned": pruned.keys, "pruned_events": pruned.events})
    else:
        keys = f"{pruned.keys} expired idempotency {'key' if pruned.keys == 1 else 'keys'}"
        events = f"the bodies of {pruned.events} old {'event' if pruned.events == 1 else 'events'}"
        console().print(f"Forgot {keys} and {events}.")
