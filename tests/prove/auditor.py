"""The auditor as a program of its own: what the customers wrote down, against the API and the rows.

    python -m tests.prove.auditor LOG --db URL [--base-url URL --api-key KEY]

Writes each finding as a line of JSON; exit code 1 when there is one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.e2e.audit import Finding, Wrong, audit_rows
from tests.e2e.audit_api import audit_api
from tests.e2e.books import Books, read_books
from tests.e2e.journal import Journal
from tests.e2e.shop import Shop

_PATIENCE_S: Final = 1_800


async def audit(log: Path, database: str, base_url: str | None, api_key: str) -> list[Finding]:
    """Everything that is wrong. Without `base_url` the rows alone are looked at.

    The API is asked first: what it is asked changes nothing, and the rows show if it did.
    """
    journal = Journal.read(log)
    findings = []
    if base_url is not None:
        address = base_url
        async with Shop(lambda: address, api_key, journal) as shop:
            findings += await audit_api(shop)
    books = await read_books(database)
    return [*findings, *audit_rows(books, journal), *undelivered(books)]


def undelivered(books: Books) -> Iterator[Finding]:
    """Whoever hears is there all the time while customers write this log: all arrives in the end."""
    for row in books.events:
        if row["fanned_out_at"] is None:
            yield Finding(Wrong.DELIVERIES, f"event {row['id']} was told to nobody")
    for row in books.deliveries:
        if row["status"] != "SUCCEEDED":
            yield Finding(Wrong.DELIVERIES, f"delivery {row['id']} is {row['status']}")


def audited(log: Path, database: str, base_url: str | None = None, api_key: str = "") -> list[dict[str, Any]]:
    """What the program finds, run as a process of its own.

    Raises:
        RuntimeError: it could not finish.
    """
    api = () if base_url is None else ("--base-url", base_url, "--api-key", api_key)
    command = [sys.executable, "-m", "tests.prove.auditor", str(log), "--db", database, *api]
    house = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        command, cwd=house, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
    )
    if done.returncode not in (0, 1) or (done.returncode == 1) != bool(done.stdout):
        raise RuntimeError(f"the auditor did not finish: {done.stderr[-4000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.prove.auditor", description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("--db", required=True)
    parser.add_argument("--base-url")
    parser.add_argument("--api-key", default="")
    options = parser.parse_args()
    findings = asyncio.run(audit(options.log, options.db, options.base_url, options.api_key))
    for finding in findings:
        print(json.dumps({"wrong": finding.wrong, "where": finding.where}))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(_main())
