"""Reading documents of one kind. Every read for a merchant names it; lists are newest first, by keyset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

from sqlalchemy import bindparam, select

from kessai.domain.document import Document
from kessai.domain.ids import MerchantId
from kessai.storage.document_rows import document_from_row
from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.scanning import Scan, Wanted
from kessai.storage.tables import LOOKUP_MAX, documents
from kessai.storage.windows import Page

D = TypeVar("D", bound=Document)

_COLUMNS: Final = (documents.c.id, documents.c.kind, documents.c.body)
_MINE: Final = documents.c.merchant_id == bindparam("merchant_id")
_BY_ID: Final = Query(select(*_COLUMNS).where(documents.c.id == bindparam("id"), _MINE), by_key=True)
_ANYBODYS: Final = Query(select(*_COLUMNS).where(documents.c.id == bindparam("id")), by_key=True)
_DUE: Final = Query(
    select(*_COLUMNS)
    .where(documents.c.due_at <= bindparam("at"))
    .order_by(documents.c.due_at)
    .limit(bindparam("limit")),
    is_point=True,
)


def _read(row: tuple[Any, ...]) -> Document:
    _, kind, body = row
    return document_from_row(kind, body)


_LISTED: Final = Scan(
    select(*_COLUMNS).where(_MINE, documents.c.kind == bindparam("kind"), documents.c.deleted_at.is_(None)),
    documents,
    _read,
    {
        "owner_id": documents.c.owner_id == bindparam("owner_id"),
        "lookup": documents.c.lookup == bindparam("lookup"),
    },
)


class DocumentRepository(Generic[D]):
    """The documents of one class."""

    def __init__(self, database: Database, kind: type[D]) -> None:
        self._database = database
        self._kind = kind

    async def get(self, merchant_id: MerchantId, document_id: str) -> D | None:
        """A merchant's document, a deleted one too."""
        rows = await self._database.rows(_BY_ID, id=document_id, merchant_id=merchant_id)
        return self._one(rows)

    async def get_any(self, document_id: str) -> D | None:
        """A document whoever's it is: for payers and for the clock, never for a merchant."""
        return self._one(await self._database.rows(_ANYBODYS, id=document_id))

    async def list(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[D], bool] = lambda _each: True,
    ) -> Sequence[D]:
        """Newest first, at most `limit`, of those for which `where` holds; deleted ones are left out."""
        found = await _LISTED.page(
            self._database,
            _params(wanted),
            limit=limit,
            where=lambda each: where(cast("D", each)),
            merchant_id=merchant_id,
            kind=self._kind.kind,
        )
        return cast("Sequence[D]", found)

    async def page(
        self, merchant_id: MerchantId, wanted: Wanted, *, limit: int, where: Callable[[D], bool]
    ) -> Page[D]:
        """The same, with where the list goes on."""
        found = await _LISTED.window(
            self._database,
            _params(wanted),
            limit=limit,
            where=lambda each: where(cast("D", each)),
            merchant_id=merchant_id,
            kind=self._kind.kind,
        )
        return cast("Page[D]", found)

    def _one(self, rows: Sequence[tuple[Any, ...]]) -> D | None:
        return cast("D", _read(rows[0])) if rows and rows[0][1] == self._kind.kind else None


def _params(wanted: Wanted) -> dict[str, Any]:
    params = wanted.params
    if "lookup" in params:
        params["lookup"] = params["lookup"][:LOOKUP_MAX]
    return params


async def due_documents(database: Database, at: datetime, limit: int) -> list[Document]:
    """Documents that the clock is to move, of any kind, the longest overdue first."""
    return [_read(row) for row in await database.rows(_DUE, at=at, limit=limit)]
