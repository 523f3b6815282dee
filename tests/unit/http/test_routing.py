"""The dispatch table, and what it takes from the declared routes."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict

from kessai.dialects.native.dialect import NativeDialect
from kessai.http.call import Call, Reply, Visit
from kessai.http.errors import ValidationFailedError
from kessai.http.reading import ModelReader
from kessai.http.routes import Query, Router
from kessai.http.routing import RouteTable, route_table

ID = "0199d3c2-5f00-7000-8000-000000000001"
OTHER = "0199d3c2-5f00-7000-8000-000000000002"

router = Router()


class Filters(BaseModel):
    """A query."""

    model_config = ConfigDict(extra="forbid")

    limit: int = 20


class Thing(BaseModel):
    """A body."""

    model_config = ConfigDict(extra="forbid", strict=True)

    size: int


@router.get("/things", operation_id="list_things")
async def list_things(call: Call, query: Annotated[Filters, Query()]) -> Reply:
    return Reply(200, query)


@router.post("/things", operation_id="create_thing")
async def create_thing(call: Call, body: Thing) -> Reply:
    return Reply(201, body)


@router.get("/things/me", operation_id="get_my_thing")
async def get_my_thing(visit: Visit) -> Reply:
    return Reply(200, None)


@router.post("/things/{thing_id}/parts/{part_id}", operation_id="move_part")
async def move_part(call: Call, thing_id: str, part_id: str, body: Thing | None = None) -> Reply:
    return Reply(200, body)


@router.delete("/things/{thing_id}", operation_id="drop_thing")
async def drop_thing(call: Call, thing_id: str) -> Reply:
    return Reply(200, None)


@router.post("/things/{thing_id}/polish", operation_id="polish_thing")
async def polish_thing(call: Call, thing_id: str) -> Reply:
    return Reply(200, None)


@pytest.fixture(scope="module")
def table() -> RouteTable:
    return route_table([(NativeDialect(), "/v1", router)])


def test_paths_are_found_with_their_methods(table: RouteTable) -> None:
    match = table.find("/v1/things")
    assert match is not None
    assert {method: operation.name for method, operation in match.operations.items()} == {
        "GET": "list_things",
        "POST": "create_thing",
    }
    assert match.methods == ["GET", "HEAD", "POST"]


def test_ids_are_found_in_their_canonical_form(table: RouteTable) -> None:
    match = table.find(f"/v1/things/{ID.upper()}/parts/{OTHER}")
    assert match is not None
    assert match.parameters == {"thing_id": ID, "part_id": OTHER}
    assert match.methods == ["POST"]


def test_a_name_goes_before_an_id(table: RouteTable) -> None:
    match = table.find("/v1/things/me")
    assert match is not None
    assert match.operations["GET"].name == "get_my_thing"


@pytest.mark.parametrize(
    "path",
    ["", "/", "/v1", "/v1/", "/v1/things/", "/v1/things/x", f"/v1/things/{ID}/parts", f"/things/{ID}"],
)
def test_other_paths_lead_nowhere(table: RouteTable, path: str) -> None:
    assert table.find(path) is None


def test_a_table_takes_in_another_that_begins_otherwise(table: RouteTable) -> None:
    joined = route_table([(NativeDialect(), "/v2", router)])
    joined.join(table)
    for version in ("v1", "v2"):
        assert joined.find(f"/{version}/things") is not None
        assert joined.find(f"/{version}/things/{ID}") is not None
    with pytest.raises(ValueError, match="v1"):
        joined.join(table)


def test_a_route_is_taken_apart_once(table: RouteTable) -> None:
    operations = {operation.name: operation for operation in table.operations()}
    assert set(operations) == {
        *("list_things", "create_thing", "get_my_thing", "move_part", "drop_thing", "polish_thing")
    }
    assert operations["create_thing"].needs_key
    assert not operations["get_my_thing"].needs_key
    assert not operations["drop_thing"].reader.takes_body
    assert reader_of(table, "move_part").body_is_optional
    assert not reader_of(table, "create_thing").body_is_optional


def reader_of(table: RouteTable, name: str) -> ModelReader:
    reader = next(each for each in table.operations() if each.name == name).reader
    assert isinstance(reader, ModelReader)
    return reader


def arguments(table: RouteTable, name: str, body: Any, **query: str) -> dict[str, Any]:
    return reader_of(table, name).arguments(body, query)


def test_handlers_get_validated_arguments(table: RouteTable) -> None:
    assert arguments(table, "create_thing", {"size": 3}) == {"body": Thing(size=3)}
    assert arguments(table, "move_part", None) == {"body": None}
    assert arguments(table, "list_things", None, limit="5") == {"query": Filters(limit=5)}
    assert arguments(table, "polish_thing", None) == {}
    assert arguments(table, "polish_thing", {}) == {}


@pytest.mark.parametrize(
    ("name", "body", "param"),
    [
        ("create_thing", None, "size"),
        ("create_thing", {"size": "3"}, "size"),
        ("move_part", {}, "size"),
        ("polish_thing", {"gloss": 1}, "gloss"),
    ],
)
def test_what_does_not_fit_is_refused(table: RouteTable, name: str, body: Any, param: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        arguments(table, name, body)
    assert refused.value.param == param
