"""A list of the native API, walked from its first page to its last."""

from __future__ import annotations

from typing import Any

import httpx

Row = dict[str, Any]


async def pages_of(client: httpx.AsyncClient, path: str, **query: Any) -> list[list[Row]]:
    """Every page of it, as long as it says that there is more."""
    found: list[list[Row]] = []
    cursor: str | None = None
    while True:
        params = query if cursor is None else {**query, "cursor": cursor}
        answer = await client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert list(body) == ["data", "has_more", "next_cursor"]
        found.append(body["data"])
        cursor = body["next_cursor"]
        assert body["has_more"] == (cursor is not None)
        if cursor is None:
            return found


async def rows_of(client: httpx.AsyncClient, path: str, **query: Any) -> list[Row]:
    """The rows of all pages, in order."""
    return [row for page in await pages_of(client, path, **query) for row in page]
