"""Reading merchants and keys, and noting when keys were used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Update, and_, bindparam, exists, insert, or_, select, text, update

from kessai.domain.ids import KeyId, MerchantId
from kessai.domain.merchant import ApiKey, Merchant
from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.record_rows import KEY_COLUMNS, key_from, merchant_from, record_values
from kessai.storage.tables import api_keys, merchants

_MERCHANT: Final = Query(select(merchants).where(merchants.c.id == bindparam("id")), by_key=True)
_MERCHANTS: Final = Query(select(merchants).order_by(merchants.c.id).limit(bindparam("limit")))
_ANY: Final = Query(select(merchants.c.id).limit(1))
_BY_DIGEST: Final = Query(
    select(api_keys, merchants)
    .join_from(api_keys, merchants, merchants.c.id == api_keys.c.merchant_id)
    .where(
        or_(api_keys.c.digest == bindparam("digest"), api_keys.c.previous_digest == bindparam("digest")),
    ),
    by_key=True,
)
_BY_PUBLIC_KEY: Final = Query(
    select(api_keys, merchants)
    .join_from(api_keys, merchants, merchants.c.id == api_keys.c.merchant_id)
    .where(api_keys.c.public_key == bindparam("public_key")),
    by_key=True,
)
_KEY: Final = Query(
    select(api_keys).where(
        api_keys.c.id == bindparam("id"), api_keys.c.merchant_id == bindparam("merchant_id")
    ),
    by_key=True,
)
_KEYS: Final = Query(
    select(api_keys)
    .where(api_keys.c.merchant_id == bindparam("merchant_id"))
    .order_by(api_keys.c.id.desc())
    .limit(bindparam("limit"))
)


_MARK: Final = bindparam("mark", type_=api_keys.c.digested_under.type)
_AT: Final = bindparam("at", type_=api_keys.c.expires_at.type)
_UNMOVED: Final = Query(
    select(api_keys.c.public_key)
    .where(
        api_keys.c.revoked_at.is_(None),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > _AT),
        or_(
            api_keys.c.digested_under.is_distinct_from(_MARK),
            and_(
                api_keys.c.previous_expires_at > _AT,
                api_keys.c.previous_digested_under.is_distinct_from(_MARK),
            ),
        ),
    )
    .order_by(api_keys.c.id)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class MovedDigest:
    """A digest of a key, and what it is under the API_SECRET_KEY in force, of which `mark` is the mark."""

    key_id: KeyId
    earlier: str
    digest: str
    mark: str


def _move(digest: str, mark: str) -> Update:
    """Write one of a key's digests anew, unless it moved meanwhile, is so already, or is another key's."""
    column, marked = api_keys.c[digest], api_keys.c[mark]
    new = bindparam("new", type_=column.type)
    others = api_keys.alias()
    taken = exists().where(
        others.c.id != api_keys.c.id, or_(others.c.digest == new, others.c.previous_digest == new)
    )
    return (
        update(api_keys)
        .where(
            api_keys.c.id == bindparam("the_id"),
            column == bindparam("old"),
            or_(column != new, marked.is_distinct_from(bindparam("new_mark"))),
            ~taken,
        )
        .values({column: new, marked: bindparam("new_mark"), api_keys.c.version: api_keys.c.version + 1})
    )


_MOVES: Final = (_move("digest", "digested_under"), _move("previous_digest", "previous_digested_under"))


def _key_and_merchant(row: tuple[Any, ...]) -> tuple[ApiKey, Merchant]:
    width = len(KEY_COLUMNS)
    return key_from(row[:width]), merchant_from(row[width:])


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
        return _key_and_merchant(rows[0]) if rows else None

    async def by_public_key(self, public_key: str) -> tuple[ApiKey, Merchant] | None:
        """The key with this public half, and its merchant."""
        rows = await self._database.rows(_BY_PUBLIC_KEY, public_key=public_key)
        return _key_and_merchant(rows[0]) if rows else None

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

    async def move_digests(self, moved: Sequence[MovedDigest]) -> None:
        """Keep digests under the API_SECRET_KEY in force: a new version, lest a stale one undoes it."""
        rows = [
            {"the_id": each.key_id, "old": each.earlier, "new": each.digest, "new_mark": each.mark}
            for each in sorted(moved, key=lambda each: each.key_id)
        ]

        def unit(connection: Connection) -> None:
            for statement in _MOVES:
                connection.execute(statement, rows)

        await self._database.run(unit)

    async def unmoved(self, mark: str, *, at: datetime, limit: int) -> Sequence[str]:
        """Public keys of those that open something at `at` by a digest under another API_SECRET_KEY."""
        rows = await self._database.rows(_UNMOVED, mark=mark, at=at, limit=limit)
        return [row[0] for row in rows]

    async def list(self, limit: int) -> list[Merchant]:
        """Merchants, oldest first."""
        return [merchant_from(row) for row in await self._database.rows(_MERCHANTS, limit=limit)]
