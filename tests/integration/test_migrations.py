"""Migrations add up to the tables, go back again, happen one at a time, and wholly or not at all."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from kessai.storage.migrate import (
    HEAD,
    PAST,
    MigrationError,
    current_revision,
    current_revision_of,
    downgrade,
    upgrade,
)
from kessai.storage.migrations.connection import DatabaseUnreachableError, migrating
from kessai.storage.sqlite.lock import DatabaseFileError, DatabaseInUseError, FileLock
from kessai.storage.tables import metadata
from tests.support.postgres import Postgres
from tests.support.processes import plain_environment, wait_until

T = TypeVar("T")

HOUSE: Final = Path(__file__).parents[2]
MIGRATIONS: Final = HOUSE / "src" / "kessai" / "storage" / "migrations"


def look(url: str, at: Callable[[Connection], T]) -> T:
    """What a function finds in a database."""
    found: list[T] = []
    migrating(url, lambda connection: found.append(at(connection)))
    return found[0]


def table_names(url: str) -> set[str]:
    """The tables there are."""
    return set(look(url, lambda connection: inspect(connection).get_table_names()))


def description(connection: Connection) -> dict[str, Any]:
    """Everything the database says of its tables, as text where SQLAlchemy has objects."""
    inspector = inspect(connection)
    return {
        table: {
            "columns": [{**column, "type": str(column["type"])} for column in inspector.get_columns(table)],
            "key": inspector.get_pk_constraint(table),
            "checks": by_name(inspector.get_check_constraints(table)),
            "foreign keys": by_name(inspector.get_foreign_keys(table)),
            "unique": by_name(inspector.get_unique_constraints(table)),
            "indexes": by_name(inspector.get_indexes(table)),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def by_name(found: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """What was found, in no order."""
    return {
        each["name"]: {
            **{name: str(value) for name, value in each.items()},
            **{name: str(value) for name, value in each.get("dialect_options", {}).items()},
            "dialect_options": "",
        }
        for each in found
    }


# What they add up to


def test_the_constant_is_the_newest_revision() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))

    assert scripts.get_heads() == [HEAD]


def test_the_migrations_add_up_to_the_tables(empty_database_url: str) -> None:
    upgrade(empty_database_url)

    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    assert look(empty_database_url, differences) == []


def test_constraints_and_indexes_are_those_of_the_tables(empty_database_url: str) -> None:
    """Alembic compares neither check constraints nor what a partial index leaves out."""
    upgrade(empty_database_url)
    migrated = look(empty_database_url, description)
    downgrade(empty_database_url, "base")

    def make(connection: Connection) -> dict[str, Any]:
        metadata.create_all(connection)
        return description(connection)

    made = look(empty_database_url, make)

    assert migrated.keys() == metadata.tables.keys()
    assert migrated == made
    # what was compared was there to be compared
    tables = list(made.values())
    partial = [
        name for table in tables for index in table["indexes"].values() for name in index if "where" in name
    ]
    checks = [name for table in tables for name in table["checks"]]
    assert (len(partial), len(checks)) == (15, 17)


def test_down_and_up_again(empty_database_url: str) -> None:
    assert current_revision(empty_database_url) is None

    upgrade(empty_database_url)
    assert current_revision(empty_database_url) == HEAD
    upgrade(empty_database_url)
    assert current_revision(empty_database_url) == HEAD

    downgrade(empty_database_url, "-1")
    assert current_revision(empty_database_url) == PAST[-1]
    downgrade(empty_database_url, "base")
    assert current_revision(empty_database_url) is None
    assert table_names(empty_database_url) == {"alembic_version"}

    upgrade(empty_database_url)
    assert table_names(empty_database_url) == {"alembic_version", *metadata.tables}


async def test_a_server_can_migrate_in_a_thread_and_look_from_its_loop(empty_database_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_database_url)

    assert await current_revision_of(empty_database_url) == HEAD


def test_migrating_leaves_logging_alone(empty_database_url: str) -> None:
    ours = logging.getLogger("kessai.somewhere")
    before = (logging.root.handlers[:], logging.root.level, ours.disabled, ours.level)

    upgrade(empty_database_url)

    assert (logging.root.handlers[:], logging.root.level, ours.disabled, ours.level) == before


def test_a_revision_nobody_knows_is_said_to_be_so(empty_database_url: str) -> None:
    upgrade(empty_database_url)

    def from_the_future(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    migrating(empty_database_url, from_the_future)

    with pytest.raises(MigrationError, match="9999"):
        upgrade(empty_database_url)


# Wholly or not at all

_UPGRADE: Final = "import sys; from kessai.storage.migrate import upgrade; upgrade(sys.argv[1])"

# Ends like a power cut, at the last of the statements.
_KILLED: Final = """
import os, signal, sys
from sqlalchemy import Engine, event
from kessai.storage.migrate import upgrade

@event.listens_for(Engine, "before_cursor_execute")
def end(connection, cursor, statement, *rest):
    if "INSERT INTO alembic_version" in statement:
        os.kill(os.getpid(), signal.SIGKILL)

upgrade(sys.argv[1])
"""


def test_a_migration_that_is_killed_half_way_has_changed_nothing(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    downgrade(empty_database_url, "base")

    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, empty_database_url], env=plain_environment(), check=False
    )

    assert killed.returncode == -9
    assert current_revision(empty_database_url) is None
    assert table_names(empty_database_url) == {"alembic_version"}
    upgrade(empty_database_url)
    assert current_revision(empty_database_url) == HEAD


# Has changed pages in the file when it ends, and a journal beside it that says how they were.
_HALF_WRITTEN: Final = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size = 1")
database.execute("BEGIN")
database.execute("UPDATE alembic_version SET version_num = 'half'")
database.execute("CREATE TABLE filler (text)")
for _ in range(999):
    database.execute("INSERT INTO filler VALUES (zeroblob(4000))")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_looking_rolls_back_what_a_killed_process_left(tmp_path: Path) -> None:
    path = tmp_path / "kessai.db"
    upgrade(f"sqlite:///{path}")

    subprocess.run([sys.executable, "-c", _HALF_WRITTEN, str(path)], check=False)
    assert path.with_name("kessai.db-journal").stat().st_size > 0

    assert current_revision(f"sqlite:///{path}") == HEAD
    assert "filler" not in table_names(f"sqlite:///{path}")


# One at a time


@pytest.mark.postgresql
def test_a_second_migrator_waits_on_postgresql_and_finds_nothing_to_do(postgres: Postgres) -> None:
    seconds: list[subprocess.Popen[bytes]] = []

    with postgres.fresh_database() as url:
        waiting = (
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            f" WHERE locktype = 'advisory' AND NOT granted AND datname = '{url.rpartition('/')[2]}'"
        )

        def migrate_slowly(connection: Connection) -> None:
            seconds.append(subprocess.Popen([sys.executable, "-c", _UPGRADE, url], env=plain_environment()))
            wait_until(lambda: postgres.sql(waiting) == ["1"], timeout_s=20, what="the second migrator")
            metadata.create_all(connection)
            connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
            connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{HEAD}')")
            connection.commit()

        migrating(url, migrate_slowly)

        # it would have failed had it made a table that is there
        assert seconds[0].wait(20) == 0
        assert current_revision(url) == HEAD


def test_threads_migrate_one_after_the_other(empty_database_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, [empty_database_url] * 4))

    assert current_revision(empty_database_url) == HEAD


def test_a_file_that_a_server_has_open_is_not_migrated(tmp_path: Path) -> None:
    path = tmp_path / "kessai.db"
    lock = FileLock(path)
    lock.take()

    with pytest.raises(DatabaseInUseError, match=f"process {os.getpid()}"):
        upgrade(f"sqlite:///{path}")

    assert not path.exists()
    lock.release()


# Databases that cannot be used


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere' / 'kessai.db'}"

    assert current_revision(url) is None
    with pytest.raises(DatabaseFileError, match="there is no directory"):
        upgrade(url)


def test_a_file_that_is_no_database_is_not_migrated(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("somebody's notes\n" * 99)
    url = f"sqlite:///{path}"

    with pytest.raises(DatabaseFileError, match="cannot be read: file is not a database"):
        current_revision(url)
    with pytest.raises(DatabaseFileError, match="cannot be migrated"):
        upgrade(url)


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseFileError, match=f"{tmp_path} cannot be read"):
        current_revision(f"sqlite:///{tmp_path}")


def test_looking_at_a_database_makes_none(tmp_path: Path) -> None:
    assert current_revision(f"sqlite:///{tmp_path / 'kessai.db'}") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.postgresql
def test_a_server_that_cannot_be_used_is_named_without_its_password(postgres: Postgres) -> None:
    url = f"postgresql+asyncpg://kessai:geheim@127.0.0.1:{postgres.port}/nonsuch"

    for attempt in (upgrade, current_revision):
        with pytest.raises(DatabaseUnreachableError, match='"nonsuch" does not exist') as refusal:
            attempt(url)
        assert "geheim" not in str(refusal.value)


def test_nobody_at_home() -> None:
    with pytest.raises(DatabaseUnreachableError, match=r"database shop on 127\.0\.0\.1 cannot be used"):
        current_revision("postgresql+asyncpg://kessai@127.0.0.1:1/shop")


# The command, and what is installed


def alembic(url: str, *arguments: str) -> str:
    """Run the command in the checkout; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=HOUSE,
        env=plain_environment({"DATABASE_URL": url}),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_command_works_in_a_checkout(empty_database_url: str) -> None:
    # as people write it, and as hosting companies do
    url = empty_database_url.replace("postgresql+asyncpg://", "postgres://")

    assert f"Running upgrade {PAST[-1]} -> {HEAD}" in alembic(url, "upgrade", "head")
    assert current_revision(empty_database_url) == HEAD
    assert f"Running downgrade {HEAD} -> " in alembic(url, "downgrade", "-1")
    assert current_revision(empty_database_url) == PAST[-1]


def test_the_command_shows_the_statements_without_a_database() -> None:
    shown = alembic("postgresql://nobody@nowhere.invalid/kessai", "upgrade", "head", "--sql")

    assert "CREATE TABLE payments" in shown
    assert "TIMESTAMP WITH TIME ZONE" in shown


def test_a_new_revision_has_the_next_number_and_nothing_to_do(
    empty_database_url: str, tmp_path: Path
) -> None:
    copy = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    config = (HOUSE / "alembic.ini").read_text().replace("kessai.storage:migrations", str(copy))
    (tmp_path / "alembic.ini").write_text(config)
    upgrade(empty_database_url)

    new = ("-c", str(tmp_path / "alembic.ini"), "revision", "--autogenerate", "-m", "Nothing at all")
    alembic(empty_database_url, *new)

    text = (copy / "versions" / f"{int(HEAD) + 1:04d}_nothing_at_all.py").read_text()
    assert f'down_revision = "{HEAD}"' in text
    assert "op." not in text.partition("def upgrade")[2]


def test_the_package_migrates_without_the_checkout(empty_database_url: str, tmp_path: Path) -> None:
    installed = tmp_path / "site 100%"
    shutil.copytree(MIGRATIONS.parents[1], installed / "kessai", ignore=shutil.ignore_patterns("__pycache__"))

    script = f"{_UPGRADE}; import kessai; print(kessai.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", script, empty_database_url],
        cwd=tmp_path,
        env=plain_environment({"PYTHONPATH": str(installed)}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(installed)
    assert current_revision(empty_database_url) == HEAD
