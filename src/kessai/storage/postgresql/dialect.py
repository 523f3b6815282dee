"""PostgreSQL's words, as asyncpg takes them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import asyncpg

POSTGRESQL: Final[Dialect] = asyncpg.dialect()  # type: ignore[no-untyped-call]
