"""`kessai serve`: the gateway, in this process or in several."""

from __future__ import annotations

from typing import Annotated

import typer

from kessai.cli.configuration import settings_from
from kessai.cli.failures import usage_error
from kessai.cli.loading import loading
from kessai.cli.options import DatabaseUrl, Host, Json, LogLevel

Port = Annotated[
    int | None,
    typer.Option(
        metavar="PORT",
        min=0,
        max=65_535,
        help="Port to listen on; 0 picks a free one.",
        show_default="PORT, or 8000",
    ),
]
Workers = Annotated[int, typer.Option(metavar="N", min=1, max=64, help="Processes; several need PostgreSQL.")]
RateLimit = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        help="Requests a merchant may make in a window; 0 for no limit.",
        show_default="RATE_LIMIT_REQUESTS, or 100",
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        help="Secret key of the first merchant, on an empty database.",
        show_default="API_KEY, or sk_test_kessai on loopback",
    ),
]
Dispatch = Annotated[
    bool | None,
    typer.Option(
        "--dispatch/--no-dispatch", help="Deliver webhooks from here.", show_default="DISPATCH, or yes"
    ),
]


def serve(  # noqa: PLR0913, PLR0917 - one argument for each option
    host: Host = None,
    port: Port = None,
    db: DatabaseUrl = None,
    workers: Workers = 1,
    rate_limit: RateLimit = None,
    api_key: ApiKey = None,
    dispatch: Dispatch = None,
    log_level: LogLevel = None,
    json: Json = False,
) -> None:
    """Serve the API and deliver webhooks.

    A SQLite file is made and migrated as needed; a PostgreSQL database is migrated by kessai migrate.
    """
    flags = {
        "host": host,
        "port": port,
        "database_url": db,
        "rate_limit_requests": rate_limit,
        "api_key": api_key,
        "dispatch": dispatch,
        "log_level": log_level,
    }
    settings = settings_from(**flags)
    if workers > 1 and settings.database_kind == "sqlite":
        raise usage_error(
            f"--workers {workers} needs PostgreSQL: one process owns a SQLite file",
            hint="leave --workers out, or name a server: --db postgresql://USER:PASSWORD@HOST/NAME",
        )

    from kessai.cli.listening import bound

    with bound(settings.host, settings.port) as listening:
        # From here on the port is the real one, in our links too.
        settings = settings.model_copy(update={"port": listening.port})
        if workers == 1:
            with loading():
                from kessai.cli.serving import run_here

            run_here(settings, listening, as_json=json)
        else:
            from kessai.cli.workers import serve_with_workers

            given = {name: getattr(settings, name) for name, flag in flags.items() if flag is not None}
            given["port"] = listening.port
            serve_with_workers(settings, given, listening, workers, as_json=json)
