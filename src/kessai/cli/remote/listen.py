"""`kessai listen`: webhooks of a running server, shown as they come and passed on to the code under test."""

from __future__ import annotations

from typing import Annotated

import typer

from kessai.cli.options import LOOPBACK, Bind, Json, ReachableAt, ServerKey, ServerUrl


def listen(  # noqa: PLR0913, PLR0917 - one argument for each option
    forward_to: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where each webhook goes on to; without it they are only shown."),
    ] = None,
    events: Annotated[
        str, typer.Option(metavar="NAMES", help="Which events to hear, separated by commas; * for all.")
    ] = "*",
    secret: Annotated[
        str | None,
        typer.Option(metavar="SECRET", help="Signing secret of your own.", show_default="a random one"),
    ] = None,
    print_secret: Annotated[
        bool, typer.Option("--print-secret", help="Print the signing secret, and nothing else, first.")
    ] = False,
    bind: Bind = LOOPBACK,
    reachable_at: ReachableAt = None,
    url: ServerUrl = None,
    api_key: ServerKey = None,
    json: Json = False,
) -> None:
    """Show webhooks as they come, and pass them on to your code.

    An endpoint is registered for as long as it runs; Ctrl-C removes it. The server gets your code's answers.
    """
    import asyncio

    from kessai.cli.remote.address import posted_to
    from kessai.cli.remote.api import connected
    from kessai.cli.remote.session import Plan, attend

    plan = Plan(
        api=connected(url, api_key),
        bind=bind,
        reachable_at=reachable_at,
        target=posted_to(forward_to, "--forward-to") if forward_to else None,
        events=[name.strip() for name in events.split(",") if name.strip()],
        secret=secret,
        only_secret_first=print_secret,
        as_json=json,
    )
    asyncio.run(attend(plan))
