"""The reference pages, and what they are made of; how they are served is in `tests/api`."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from starlette.routing import Mount, Route

from kessai.control import health_routes
from kessai.control.pages import build_pages
from kessai.control.reference import PAGES, Reference
from kessai.dialects.native.dialect import NativeDialect
from tests.unit.http.asgi import Message, Wire, scope_of

DIALECT = NativeDialect()
ROUTERS = [("", health_routes.router)]


async def asked(reference: Reference, path: str) -> Message:
    wire = Wire(b"")
    scope = scope_of("GET", path) | {"state": {"request_id": "r"}, "http_version": "1.1", "root_path": ""}
    await reference(scope, wire.receive, wire.send)
    start, *bodies = wire.sent
    return {"status": start["status"], "body": b"".join(body.get("body", b"") for body in bodies)}


def test_every_page_of_the_application_is_known_beforehand() -> None:
    pages = build_pages(ROUTERS, DIALECT)

    paths = [route.path for route in pages.routes if isinstance(route, Route | Mount)]
    assert {path.split("/")[1] for path in paths} == PAGES


async def test_those_who_ask_at_the_same_time_see_the_same_document() -> None:
    reference = Reference(ROUTERS, DIALECT, {})

    answers = await asyncio.gather(*(asked(reference, "/openapi.json") for _ in range(3)))

    assert [answer["status"] for answer in answers] == [200, 200, 200]
    assert len({answer["body"] for answer in answers}) == 1
    document: dict[str, Any] = orjson.loads(answers[0]["body"])
    assert list(document["paths"]) == [route.path for route in health_routes.router.routes]


async def test_somebody_who_leaves_while_it_is_made_leaves_it_to_the_next() -> None:
    reference = Reference(ROUTERS, DIALECT, {})
    leaving = asyncio.create_task(asked(reference, "/docs"))
    await asyncio.sleep(0)

    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)

    assert (await asked(reference, "/docs"))["status"] == 200


async def test_what_is_no_page_is_unknown() -> None:
    reference = Reference(ROUTERS, DIALECT, {})

    for path in ("/nowhere", "/", "", "*", "/docs2", "/docs/nowhere"):
        answer = await asked(reference, path)
        assert (answer["status"], orjson.loads(answer["body"])["error"]["code"]) == (404, "NOT_FOUND"), path
