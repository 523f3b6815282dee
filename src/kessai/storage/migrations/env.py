"""Runs migrations: for `kessai.storage.migrate`, which says where, and for the command `alembic`."""

from __future__ import annotations

from logging.config import fileConfig
from pkgutil import resolve_name
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from kessai.storage import types
from kessai.storage.migrations.connection import DatabaseUnreachableError, migrating
from kessai.storage.sqlite.lock import DatabaseFileError
from kessai.storage.tables import metadata

config = context.config


def database_url() -> str:
    """What the caller passed; else alembic.ini names the function that reads the settings."""
    passed: str | None = config.attributes.get("url")
    if passed is not None:
        return passed
    load_settings = resolve_name(config.get_main_option("settings", ""))
    return str(load_settings().database_url)


def number(_context: object, _revision: object, scripts: list[Any]) -> None:
    """Give a new revision the next number; Any: Alembic passes subclasses of its own here."""
    head = ScriptDirectory.from_config(config).get_current_head()
    for script in scripts:
        script.rev_id = f"{int(head or 0) + 1:04d}"


def render(kind: str, item: object, autogenerating: AutogenContext) -> str | Literal[False]:
    """Write our own column types by their names; Alembic writes the rest."""
    if kind != "type" or type(item).__module__ != types.__name__:
        return False
    autogenerating.imports.add("from kessai.storage import types")
    return f"types.{type(item).__name__}()"


def configure(**where: Any) -> None:
    """Tell Alembic how to run and to compare; `where` is a connection or a URL."""
    context.configure(
        **where,
        target_metadata=metadata,
        # SQLite can roll DDL back too, on a connection that begins its transactions itself.
        transactional_ddl=True,
        transaction_per_migration=True,
        # SQLite alters tables by making them anew.
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
        process_revision_directives=number,
        render_item=render,
    )


def run(connection: Connection) -> None:
    """Bring the database at `connection` where the command says."""
    configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


if config.config_file_name is not None:
    # Only the command's own process has an alembic.ini; a server keeps its logging as it is.
    fileConfig(config.config_file_name, disable_existing_loggers=False)

if context.is_offline_mode():
    configure(url=database_url(), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    try:
        migrating(database_url(), run)
    except (DatabaseFileError, DatabaseUnreachableError) as error:
        if config.config_file_name is None:
            raise
        # The command shows these as a sentence, others with their trace.
        raise CommandError(str(error)) from error
