"""The rows of one create, as kessai itself writes them: what the references without kessai write too."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Final

from sqlalchemy import Table

from kessai.storage.tables import idempotency_keys, payments, webhook_events
from tests.bench.asked import CREATE
from tests.bench.stage import ORDINARY
from tests.prove.ground import Ground
from tests.support.server import RunningServer

Row = Mapping[str, Any]
TABLES: Final[Sequence[Table]] = (payments, idempotency_keys, webhook_events)
"""Where a create writes, in the order of their foreign keys."""


def first_create(ground: Ground) -> None:
    """Have kessai make its merchant on an empty ground, and one payment with an idempotency key."""
    server = RunningServer("--db", ground.url, directory=ground.directory, env=ORDINARY)
    with closing(server):
        server.start()
        headers = {**CREATE.headers, "Content-Type": "application/json"}
        request = urllib.request.Request(server.base_url + CREATE.path, CREATE.body.encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            json.load(answer)


async def sample_rows(ground: Ground) -> dict[str, list[Row]]:
    """By table, the rows of that create; nothing else may have been written."""
    found: dict[str, list[Row]] = {}
    for table in TABLES:
        names = [str(column.name) for column in table.columns]
        rows = await ground.rows(f"SELECT {', '.join(names)} FROM {table.name}")
        found[str(table.name)] = [dict(zip(names, row, strict=True)) for row in rows]
    return found
