"""At which revision the database's schema is."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, MetaData, String, Table, select

from kessai.storage.journal import Database
from kessai.storage.query import Query

# Alembic's own table: not among ours, so that it is neither migrated nor compared.
_alembic_version: Final = Table("alembic_version", MetaData(), Column("version_num", String(32)))
_REVISION: Final = Query(select(_alembic_version.c.version_num), is_point=True)


class SchemaRepository:
    """Reads what Alembic wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revision(self) -> str | None:
        """The revision the schema is at."""
        rows = await self._database.rows(_REVISION)
        return str(rows[0][0]) if rows else None
