"""How Alembic runs here: for `kessai.storage.migrate`, which says where, and for the command `alembic`."""

from __future__ import annotations

from logging.config import fileConfig
from pkgutil import resolve_name
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from kessai.storage import types
from kessai.storage.migrations.connection import DatabaseUnreachableError, migrating
from kessai.storage.sqlite.lock import DatabaseFileError
from kessai.storage.tables import metadata


def run_migrations() -> None:
    """Do what was asked of Alembic.

    Raises:
        CommandError: the database cannot be used; the command shows it as a sentence.
        DatabaseFileError, DatabaseUnreachableError: the same, for callers in Python.
    """
    config = context.config
    if config.config_file_name is not None:
        # Only the command's own process has an alembic.ini; a server keeps its logging as it is.
        fileConfig(config.config_file_name, disable_existing_loggers=False)
    url = _database_url(config)
    if context.is_offline_mode():
        _configure(url=url, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    try:
        migrating(url, _run)
    except (DatabaseFileError, DatabaseUnreachableError) as error:
        if config.config_file_name is None:
            raise
        raise CommandError(str(error)) from error


def _run(connection: Connection) -> None:
    _configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


def _database_url(config: Config) -> str:
    """What the caller passed; else alembic.ini names the function that reads the settings."""
    passed: str | None = config.attributes.get("url")
    if passed is not None:
        return passed
    load_settings = resolve_name(config.get_main_option("settings", ""))
    return str(load_settings().database_url)


def _number(_context: object, _revision: object, scripts: list[Any]) -> None:
    """Give a new revision the next number; Any: Alembic passes subclasses of its own here."""
    head = ScriptDirectory.from_config(context.config).get_current_head()
    for script in scripts:
        script.rev_id = f"{int(head or 0) + 1:04d}"


def _render(kind: str, item: object, autogenerating: AutogenContext) -> str | Literal[False]:
    """Write our own column types by their names; Alembic writes the rest."""
    if kind != "type" or type(item).__module__ != types.__name__:
        return False
    autogenerating.imports.add("from kessai.storage import types")
    return f"types.{type(item).__name__}()"


def _configure(**where: Any) -> None:
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
        process_revision_directives=_number,
        render_item=_render,
    )
