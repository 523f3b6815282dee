"""The tree of commands, and the one place where a command's failure becomes an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

import kessai
from kessai.cli import keys, merchants, secrets
from kessai.cli.database import migrate, prune
from kessai.cli.demo import demo
from kessai.cli.dispatch import dispatch
from kessai.cli.doctor import doctor
from kessai.cli.environment import env
from kessai.cli.failures import tell
from kessai.cli.readyz import readyz
from kessai.cli.remote import events
from kessai.cli.remote.listen import listen
from kessai.cli.remote.trigger import trigger
from kessai.cli.serve import serve

app = typer.Typer(
    name="kessai",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 ok, 1 an expectation failed, 2 usage, 3 unreachable, 4 configuration or migration.",
)
for command in (serve, demo, dispatch, migrate, prune, doctor, readyz, env, listen, trigger):
    app.command()(command)
app.add_typer(events.app, name="events")
app.add_typer(merchants.app, name="merchants")
app.add_typer(keys.app, name="keys")
app.add_typer(secrets.app, name="secrets")


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"kessai {kessai.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Log everything, and show traces.")] = False,
) -> None:
    """A payment gateway that takes no money: a durable sandbox to build and test payment code against."""
    del version
    if debug:
        os.environ["KESSAI_DEBUG"] = "true"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line, by default this process's, and exit."""
    for stream in (sys.stdout, sys.stderr):
        # Names in any script, and ticks, must not break on a terminal that has no letters for them.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(arguments, prog_name="kessai")
    except Exception as error:
        sys.exit(tell(error, as_json="--json" in (sys.argv if arguments is None else arguments)))
