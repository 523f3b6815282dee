"""Two who would migrate the same database at the same moment; the database notes every step that is made."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from itertools import pairwise
from typing import Final

import asyncpg

from kessai.storage.migrate import HEAD, PAST
from tests.prove.ground import Ground
from tests.prove.migrating import Migrators
from tests.support.server import RunningServer, ServerFailedError

CONTESTANTS: Final = 2
STEPS: Final = tuple(pairwise((*PAST, HEAD)))
_REFUSED: Final = "is in use by another kessai"
_NOTES: Final = "CREATE TABLE prove_steps (before TEXT, after TEXT, by TEXT)"
_SQLITE: Final = """
    CREATE TRIGGER prove_step AFTER UPDATE ON alembic_version
    BEGIN INSERT INTO prove_steps VALUES (old.version_num, new.version_num, ''); END
"""
_POSTGRESQL: Final = """
    CREATE FUNCTION prove_step() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO prove_steps VALUES (old.version_num, new.version_num, pg_backend_pid()); RETURN new; END
    $$;
    CREATE TRIGGER prove_step AFTER UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION prove_step()
"""


async def note_steps(ground: Ground) -> None:
    """Have the database note every step; before any process migrates."""
    if ground.kind == "sqlite":
        with closing(sqlite3.connect(ground.url.removeprefix("sqlite:///"))) as database:
            database.executescript(f"{_NOTES};{_SQLITE};")
        return
    connection = await asyncpg.connect(ground.url.replace("+asyncpg", ""))
    try:
        await connection.execute(_NOTES)
        await connection.execute(_POSTGRESQL)
    finally:
        await connection.close()


@contextmanager
def contested(migrators: Migrators, findings: list[str]) -> Iterator[RunningServer]:
    """Have two start at once on an old database; gives one that serves it then.

    On SQLite both serve, and one is refused: the file has one owner. On PostgreSQL both migrate, and the
    second waits; then both serve.
    """
    asyncio.run(note_steps(migrators.ground))
    with ExitStack() as stack:
        if migrators.ground.kind == "postgresql":
            findings += _both_migrate(migrators)
        servers = [migrators.server() for _ in range(CONTESTANTS)]
        for each in servers:
            stack.callback(each.close)
        with ThreadPoolExecutor(CONTESTANTS) as threads:
            refusals = list(threads.map(_refusal, servers))
        findings += _judged(migrators.ground, refusals)
        findings += asyncio.run(_steps(migrators.ground))
        ready = [each for each in servers if each.is_running]
        if not ready:
            raise ServerFailedError(f"none of {CONTESTANTS} servers came up: {refusals}")
        yield ready[0]


def _both_migrate(migrators: Migrators) -> Iterator[str]:
    for each in [migrators.start("migrate") for _ in range(CONTESTANTS)]:
        if code := each.wait():
            yield f"two migrators: one ended with {code}, {each.stderr[-600:]}"


def _refusal(server: RunningServer) -> str:
    """Why it did not start; nothing if it did."""
    try:
        server.start()
    except ServerFailedError as error:
        return str(error)
    return ""


def _judged(ground: Ground, refusals: Sequence[str]) -> Iterator[str]:
    failed = [each for each in refusals if each]
    if len(failed) != (CONTESTANTS - 1 if ground.kind == "sqlite" else 0):
        yield f"two servers: {len(failed)} of {CONTESTANTS} did not come up, {failed}"
    for each in failed:
        if ground.kind == "sqlite" and _REFUSED not in each:
            yield f"two servers: one is not refused, and fails, {each[-600:]}"


async def _steps(ground: Ground) -> list[str]:
    """Whether each step was made once, and all by one."""
    made = await ground.rows("SELECT before, after, by FROM prove_steps")
    steps, by = [(before, after) for before, after, _ in made], {who for _, _, who in made}
    findings = [] if sorted(steps) == sorted(STEPS) else [f"two migrators: the steps were {steps}"]
    return findings + ([f"two migrators: {len(by)} have migrated"] if len(by) > 1 else [])
