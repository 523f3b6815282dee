"""What SQLite itself takes for one payment: the rows of a create, made before, written in batches.

The file is opened as kessai's journal opens it: WAL, `synchronous=FULL`. `python -m tests.bench.raw_sqlite
FILE SECONDS BATCH` reads the rows of one create as JSON from stdin and prints JSON.
"""

from __future__ import annotations

import json
import math
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from kessai.storage.sqlite.connections import open_writer
from tests.bench.hammer import Saw
from tests.bench.sample import Row, sample_rows
from tests.bench.stage import HOUSE, SERVER_CORE, Length
from tests.prove.ground import Ground, on_a_copy
from tests.prove.processes import pinned

_MADE_AT_ONCE: Final = 4_096
"""Payments whose values are made before any of them is written, outside of what is timed."""
_CHECKPOINT_EVERY: Final = 4_096


async def raw_sqlite(ground: Ground, length: Length, batch: int) -> Saw:
    """Run it on a copy of a SQLite ground which has one create, in a process on the server's core."""
    rows = await sample_rows(ground)
    with on_a_copy(ground) as copy:
        seen = _looped(copy.url.removeprefix("sqlite:///"), rows, length.seconds, batch)
    cpu_s = {"server": seen["cpu_s"]}
    return Saw(seen["payments"], seen["seconds"], {}, math.nan, math.nan, cpu_s, "")


def _looped(path: str, rows: Mapping[str, Sequence[Row]], seconds: float, batch: int) -> Any:
    command = [sys.executable, "-m", "tests.bench.raw_sqlite", path, str(seconds), str(batch)]
    asked = json.dumps(rows, default=lambda value: {"hex": value.hex()})
    with pinned(SERVER_CORE):
        done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False, cwd=HOUSE)
    if done.returncode:
        raise RuntimeError(f"the loop failed:\n{done.stderr}")
    return json.loads(done.stdout)


def _insert(table: str, rows: Sequence[Row]) -> str:
    names = list(rows[0])
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def _made(rows: Mapping[str, Sequence[Row]], first: int) -> Iterator[dict[str, list[list[Any]]]]:
    """By table, the values of payment after payment; ids sort by time, as real ones do."""
    for number in range(first, first + _MADE_AT_ONCE):
        payment = f"0199d3c2-5f00-7000-8000-{number:012x}"
        own = {"payment_id": payment, "key": f"order-{payment}"}
        values: dict[str, list[list[Any]]] = {}
        for table, several in rows.items():
            values[table] = [
                list({**row, **{name: own[name] for name in own if row.get(name) is not None}}.values())
                for row in several
            ]
            for place, row in enumerate(values[table]):
                if "id" in several[0]:
                    row[0] = payment if table == "payments" else f"{payment[:15]}{place + 1}{payment[16:]}"
        yield values


def _write(
    connection: sqlite3.Connection, rows: Mapping[str, Sequence[Row]], seconds: float, batch: int
) -> None:
    statements = {table: _insert(table, several) for table, several in rows.items()}
    written, cpu_s, took_s = 0, 0.0, 0.0
    while took_s < seconds:
        payments = list(_made(rows, written))
        batches = [
            {
                table: [row for each in payments[start : start + batch] for row in each[table]]
                for table in rows
            }
            for start in range(0, len(payments), batch)
        ]
        began, cpu_began = time.monotonic(), time.process_time()
        for each in batches:
            connection.execute("BEGIN IMMEDIATE")
            for table, values in each.items():
                connection.executemany(statements[table], values)
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cpu_s += time.process_time() - cpu_began
        took_s += time.monotonic() - began
        written += len(payments)
    print(json.dumps({"payments": written, "cpu_s": cpu_s, "seconds": took_s}))


def _bytes(value: dict[str, Any]) -> Any:
    return bytes.fromhex(value["hex"]) if set(value) == {"hex"} else value


if __name__ == "__main__":
    file, for_s, at_once = sys.argv[1:]
    with closing(open_writer(Path(file))) as writer:
        _write(writer, json.loads(sys.stdin.read(), object_hook=_bytes), float(for_s), int(at_once))
