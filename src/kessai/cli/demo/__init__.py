"""`kessai demo`: the whole story of a shop and its gateway, told in the terminal as it happens."""

from __future__ import annotations

import signal
import tempfile
from typing import Final

import typer

from kessai.cli.failures import ExitCode
from kessai.cli.options import Json
from kessai.cli.output import console

_DATABASE: Final = "demo.db"


def demo(json: Json = False) -> None:
    """Watch a whole story in the terminal, in seconds.

    A shop takes payments, hears of them by webhook, refunds, meets a decline and asks again. Nothing is kept.
    """
    if not json:
        console().print("Starting a gateway, a shop and a webhook receiver …")
    import asyncio
    from pathlib import Path

    from kessai.cli.demo.stage import on_stage
    from kessai.cli.demo.story import tell
    from kessai.cli.demo.telling import JsonTeller, TerminalTeller

    teller = JsonTeller() if json else TerminalTeller()

    async def perform(directory: Path) -> None:
        async with on_stage(directory / _DATABASE) as (shop, receiver):
            await tell(shop, receiver, teller)

    # Whoever ends us early leaves nothing behind either.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="kessai-demo-") as directory:
        asyncio.run(perform(Path(directory)))
    signal.signal(signal.SIGTERM, before)
    teller.finish()
    if not teller.all_held:
        raise typer.Exit(ExitCode.EXPECTATION_FAILED)
