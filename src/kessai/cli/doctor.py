"""`kessai doctor`: looks at everything that a gateway stands on, and says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from kessai.cli.configuration import settings_from
from kessai.cli.failures import CommandError, ExitCode
from kessai.cli.options import DatabaseUrl, Json
from kessai.cli.output import console, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kessai.cli.checkup import Finding
    from kessai.settings import Settings


def doctor(db: DatabaseUrl = None, json: Json = False) -> None:
    """Look at all that a gateway stands on, and say what to do.

    Versions, settings, database, migrations, disk, clock, Redis and port. Exit code 0 if all is well, 1 if
    something fails, 3 if it is the database that cannot be reached.
    """
    findings = []
    for finding in _examine(db):
        findings.append(finding)
        if not json:
            _say(finding)
    is_well = all(finding.verdict != "fail" for finding in findings)
    if json:
        write_json({"ok": is_well, "checks": [finding.as_json() for finding in findings]})
    if any(finding.is_outage for finding in findings):
        raise typer.Exit(ExitCode.UNREACHABLE)
    if not is_well:
        raise typer.Exit(ExitCode.EXPECTATION_FAILED)


def _examine(db: str | None) -> Iterator[Finding]:
    from kessai.cli import machine_checks as machine
    from kessai.cli.checkup import fail, ok
    from kessai.cli.environment import origins

    yield from machine.versions()
    try:
        settings = settings_from(database_url=db)
    except CommandError as error:
        yield fail("settings", error.message, error.hint or "")
        return
    yield ok("settings", f"{settings.env}; {origins()}")
    yield from machine.secrets(settings)
    yield from _of_database(settings)
    if settings.database_kind == "sqlite":
        yield from machine.disk(settings.sqlite_path.parent)
        yield ok("clock", "this machine's is the only one")
    yield from machine.redis(settings)
    yield from machine.port(settings)


def _of_database(settings: Settings) -> Iterator[Finding]:
    from kessai.cli.database_checks import database
    from kessai.cli.opening import quiet_logging

    quiet_logging(settings)
    yield from database(settings)


def _say(finding: Finding) -> None:
    style = {"ok": "green", "warn": "yellow", "fail": "bold red"}[finding.verdict]
    out = console()
    out.print(f"{finding.verdict:4}", style=style, end="  ")
    out.print(f"{finding.name:10}  {finding.detail}")
    if finding.advice and finding.verdict != "ok":
        out.print(f"{'':18}{finding.advice}")
