"""What PostgreSQL itself takes for one payment a transaction: pgbench, with the rows that a create writes.

Six statements on one connection (BEGIN, the payment, its key, its two events, COMMIT), prepared, with ids
made by the database and all else sent as parameters; nothing is decided, rendered or compared. 32 clients,
and both cores for them and for PostgreSQL.
"""

from __future__ import annotations

import asyncio
import math
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from tests.bench.accounts import cpu_seconds, place
from tests.bench.hammer import Saw
from tests.bench.sample import Row, sample_rows
from tests.bench.stage import Length
from tests.prove.ground import Ground, on_a_copy
from tests.support.postgres import Postgres, PrivatePostgres
from tests.support.processes import end_process

CLIENTS: Final = 32
_EVER_S: Final = 3_600
_COUNT: Final = "SELECT count(*) FROM payments"
_OUR_OWN: Final[Mapping[str, str]] = {
    "id": "uuidv7()",
    "payment_id": ":payment",
    "key": "'order-' || :payment",
}
"""What differs from payment to payment."""


async def pgbench(ground: Ground, length: Length) -> Saw:
    """Run it on a copy of a PostgreSQL ground which has one create; CPU is PostgreSQL's."""
    rows = await sample_rows(ground)
    with on_a_copy(ground) as copy:
        postgres = copy.postgres
        if not isinstance(postgres, PrivatePostgres):
            raise TypeError("pgbench needs a PostgreSQL of its own")
        place([postgres.pid], None)
        with _running(postgres, copy, rows):
            await asyncio.sleep(length.warm_up_s)
            before, started = await copy.count(_COUNT), time.monotonic()
            cpu_before = cpu_seconds([postgres.pid])
            await asyncio.sleep(length.seconds)
            cpu_s = cpu_seconds([postgres.pid]) - cpu_before
            written, seconds = await copy.count(_COUNT) - before, time.monotonic() - started
    return Saw(written, seconds, {}, math.nan, math.nan, {"postgresql": cpu_s}, "")


def script(rows: Mapping[str, Sequence[Row]]) -> tuple[str, dict[str, str]]:
    """The transaction, and the variables it takes all from that does not change."""
    lines, variables = ["BEGIN;"], {}
    for table, several in rows.items():
        for number, row in enumerate(several):
            values = []
            for column, value in row.items():
                expression = None if value is None else _OUR_OWN.get(column)
                name = f"{table}_{number}_{column}"
                if expression is None and value is not None:
                    variables[name] = _text(value)
                    expression = f":{name}"
                values.append(expression or "NULL")
            end = " RETURNING id AS payment \\gset" if table == "payments" else ";"
            lines.append(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(values)}){end}")
    return "\n".join([*lines, "COMMIT;", ""]), variables


def _text(value: Any) -> str:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


@contextmanager
def _running(postgres: Postgres, ground: Ground, rows: Mapping[str, Sequence[Row]]) -> Iterator[None]:
    text, variables = script(rows)
    path = ground.directory / "payment.pgbench"
    path.write_text(text)
    log = ground.directory / "pgbench.log"
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            _command(postgres, ground, path, variables), stdout=output, stderr=output, cwd=ground.directory
        )
        stack.callback(process.wait)
        stack.callback(end_process, process.pid, signal.SIGTERM)
        yield
        if process.poll() is not None:
            raise RuntimeError(f"pgbench ended early:\n{log.read_text()[-4000:]}")


def _command(postgres: Postgres, ground: Ground, path: Path, variables: Mapping[str, str]) -> list[str]:
    return [
        postgres.programs("pgbench"),
        *("--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", "--jobs=2", f"--time={_EVER_S}"),
        *(f"--define={name}={value}" for name, value in variables.items()),
        f"--file={path}",
        *("--host=127.0.0.1", f"--port={postgres.port}", "--username=kessai"),
        ground.url.rpartition("/")[2],
    ]
