"""Reading merchants and keys, and noting when keys were used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, insert, or_, select, text, update

from kessai.domain.ids import KeyId, MerchantId
from kessai.domain.merchant import ApiKey, Merchant
from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.record_rows import KEY_COLUMNS, key_from, merchant_from, record_values
from kessai.storage.tables import api_keys, merchants

_MERCHANT: Final = Query(select(merchants).where(merchants.c.id == bindparam("id")), is_point=True)
_MERCHANTS: Final = Query(select(merchants).order_by(merchants.c.id).limit(bindparam("limit")))
_ANY: Final = Query(select(merchants.c.id).limit(1))
_BY_DIGEST: Final = Query(
    select(api_keys, merchants)
    .join_from(api_keys, merchants, merchants.c.id == api_keys.c.merchant_id)
    .where(
        or_(api_keys.c.digest == bindparam("digest"), api_keys.c.previous_digest == bindparam("digest")),
    ),
    is_point=True,
)
_KEY: Final = Query(
    select(api_keys).where(
        api_keys.c.id == bindparam("id"), api_keys.c.merchant_id == bindparam("merchant_id")
    ),
    is_point=True,
)
_KEYS: Final = Query(
    select(api_keys)
    .where(api_keys.c.merchant_id == bindparam("merchant_id"))
    .order_by(api_keys.c.id.desc())
    .limit(bindparam("limit"))
)


class MerchantRepository:
    """Merchants and the keys they show."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, merchant_id: str) -> Merchant | None:
        """A merchant by id."""
        rows = await self._database.rows(_MERCHANT, id=merchant_id)
        return merchant_from(rows[0]) if rows else None

    async def is_empty(self) -> bool:
        """Whether there is no merchant yet."""
        return not await self._database.rows(_ANY)

    async def by_digest(self, digest: str) -> tuple[ApiKey, Merchant] | None:
        """The key with this digest, now or before its last rotation, and its merchant."""
        rows = await self._database.rows(_BY_DIGEST, digest=digest)
        if not rows:
            return None
        width = len(KEY_COLUMNS)
        return key_from(rows[0][:width]), merchant_from(rows[0][width:])

    async def get_key(self, merchant_id: MerchantId, key_id: str) -> ApiKey | None:
        """A merchant's key."""
        rows = await self._database.rows(_KEY, id=key_id, merchant_id=merchant_id)
        return key_from(rows[0]) if rows else None

    async def keys(self, merchant_id: MerchantId, limit: int) -> list[ApiKey]:
        """A merchant's keys, newest first, revoked ones too."""
        rows = await self._database.rows(_KEYS, merchant_id=merchant_id, limit=limit)
        return [key_from(row) for row in rows]

    async def add_first(self, merchant: Merchant, key: ApiKey) -> bool:
        """Save a merchant and its key if there is no merchant yet; whether it was done."""

        def unit(connection: Connection) -> bool:
            if connection.dialect.name == "postgresql":
                # Keeps other processes from looking until this one is done; SQLite has one writer anyway.
                connection.execute(text("LOCK TABLE merchants IN SHARE ROW EXCLUSIVE MODE"))
            if connection.execute(select(merchants.c.id).limit(1)).first() is not None:
                return False
            connection.execute(insert(merchants), record_values(merchant))
            connection.execute(insert(api_keys), record_values(key))
            return True

        return await self._database.run(unit)

    async def note_use(self, used: Mapping[KeyId, datetime]) -> None:
        """Remember when keys were last used; no new version, for nothing is decided by it."""
        statement = (
            update(api_keys)
            .where(api_keys.c.id == bindparam("the_id"))
            .values(last_used_at=bindparam("used_at"))
        )
        rows = [{"the_id": key_id, "used_at": at} for key_id, at in sorted(used.items())]
        await self._database.run(lambda connection: connection.execute(statement, rows))

    async def list(self, limit: int) -> list[Merchant]:
        """Merchants, oldest first."""
        return [merchant_from(row) for row in await self._database.rows(_MERCHANTS, limit=limit)]
