"""Documents to rows and back: the columns are what lists and the clock look for, the body is all of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from kessai.domain.document import Document
from kessai.domain.documents import DOCUMENTS
from kessai.storage.tables import LOOKUP_MAX, documents

DOCUMENT_COLUMNS: Final = tuple(str(column.name) for column in documents.columns)
BODY: Final = DOCUMENT_COLUMNS.index("body")


def document_to_row(document: Any) -> tuple[Any, ...]:
    """The values of DOCUMENT_COLUMNS of a Document."""
    lookup = document.lookup
    return (
        document.id,
        document.merchant_id,
        document.kind,
        document.owner_id,
        lookup and lookup[:LOOKUP_MAX],
        orjson.dumps(document).decode(),
        document.due_at,
        document.created_at,
        document.deleted_at,
        document.version,
    )


def document_from_row(kind: str, body: str) -> Document:
    """The document that `document_to_row` took apart."""
    return _adapter(kind).validate_json(body)


def document_reader(kind: str) -> Callable[[Any], Document]:
    """What makes a document of the values that orjson reads."""
    return _adapter(kind).validate_python


@cache
def _adapter(kind: str) -> TypeAdapter[Document]:
    return TypeAdapter(DOCUMENTS[kind])
