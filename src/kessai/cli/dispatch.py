"""`kessai dispatch`: a process that only delivers webhooks, beside API processes on PostgreSQL."""

from __future__ import annotations

from typing import Annotated

import typer

from kessai.cli.configuration import settings_from
from kessai.cli.failures import usage_error
from kessai.cli.loading import loading
from kessai.cli.options import DatabaseUrl, Host, Json, LogLevel


def dispatch(
    host: Host = None,
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT",
            min=0,
            max=65_535,
            help="Port of /livez, /readyz and /metrics; 0 picks a free one.",
        ),
    ] = 8001,
    db: DatabaseUrl = None,
    log_level: LogLevel = None,
    json: Json = False,
) -> None:
    """Deliver webhooks, beside API processes on PostgreSQL.

    Any number of dispatchers may run. On SQLite, kessai serve does it.
    """
    # HOST and PORT stay the API's, for they are in the links of what is delivered.
    settings = settings_from(database_url=db, log_level=log_level)
    if settings.database_kind == "sqlite":
        raise usage_error(
            "kessai dispatch needs PostgreSQL: on SQLite, kessai serve delivers the webhooks itself",
            hint="name a server: --db postgresql://USER:PASSWORD@HOST/NAME",
        )

    with loading():
        from kessai.cli.listening import bound
        from kessai.cli.serving import run_here

    with bound(host or settings.host, port) as listening:
        run_here(settings, listening, as_json=json, is_dispatcher=True)
