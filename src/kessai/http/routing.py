"""The dispatch table: every API route, found by method and path, built from the declared routes."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from kessai.domain.ids import canonical
from kessai.http.call import Call, Visit
from kessai.http.dialect import Dialect
from kessai.http.errors import ValidationFailedError
from kessai.http.problems import problems_of
from kessai.http.routes import Handler, Query, Route, Router

_ANY: Final = "{}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One route, taken apart once at start-up: what it reads and who may call it."""

    name: str
    method: str
    dialect: Dialect
    handler: Handler
    call_argument: str
    needs_key: bool
    body: tuple[str, TypeAdapter[Any], type[BaseModel]] | None
    body_is_optional: bool
    query: tuple[str, TypeAdapter[Any], type[BaseModel]] | None

    def arguments(self, body: dict[str, Any] | None, query: Mapping[str, str]) -> dict[str, Any]:
        """The handler's validated arguments.

        Raises:
            ValidationFailedError: listing every problem.
        """
        found: dict[str, Any] = {}
        if self.body is not None:
            given = body if body is not None or self.body_is_optional else {}
            value = None if given is None else _validated(self.body, given)
            if self.body[0]:
                found[self.body[0]] = value
        if self.query is not None:
            found[self.query[0]] = _validated(self.query, query)
        return found


def _validated(reader: tuple[str, TypeAdapter[Any], type[BaseModel]], value: object) -> Any:
    _, adapter, model = reader
    try:
        return adapter.validator.validate_python(value)
    except ValidationError as error:
        raise ValidationFailedError(problems_of(error, model)) from None


@dataclass(slots=True)
class _Node:
    """A place in the tree of paths: what follows by name, what follows as a parameter, what is here."""

    named: dict[str, _Node] = field(default_factory=dict)
    any: _Node | None = None
    parameter: str = ""
    here: dict[str, Operation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """What a path leads to. `operations` by method; `parameters` as they stand in the path."""

    operations: Mapping[str, Operation]
    parameters: dict[str, str]

    @property
    def methods(self) -> list[str]:
        """What the path takes: HEAD is GET without a body."""
        return sorted({*self.operations, *(("HEAD",) if "GET" in self.operations else ())})


class RouteTable:
    """Finds operations in the time of a few dictionary look-ups."""

    def __init__(self) -> None:
        self._root = _Node()
        self._fixed: dict[str, Match] = {}

    def add(self, dialect: Dialect, prefix: str, router: Router) -> None:
        """Add every route of a router."""
        for route in router.routes:
            self._add_route(dialect, prefix + route.path, route)

    def find(self, path: str) -> Match | None:
        """What is at `path`; None when nothing is, or when what stands for an id is none."""
        return self._fixed.get(path) or self._walk(path)

    def _walk(self, path: str) -> Match | None:
        node = self._root
        parameters: dict[str, str] = {}
        for part in path.split("/")[1:]:
            following = node.named.get(part)
            if following is None:
                if node.any is None or (known := canonical(part)) is None:
                    return None
                following = node.any
                parameters[following.parameter] = known
            node = following
        return Match(node.here, parameters) if node.here else None

    def operations(self) -> Iterable[Operation]:
        """All of them, in no order."""
        nodes = [self._root]
        while nodes:
            node = nodes.pop()
            yield from node.here.values()
            nodes += [*node.named.values(), *([node.any] if node.any else [])]

    def _add_route(self, dialect: Dialect, path: str, route: Route) -> None:
        node = self._root
        for part in path.split("/")[1:]:
            if part.startswith("{"):
                node.any = node.any or _Node(parameter=part.strip("{}"))
                node = node.any
            else:
                node = node.named.setdefault(part, _Node())
        node.here[route.method] = _operation(dialect, route)
        if "{" not in path:
            self._fixed[path] = Match(node.here, {})


class _Nothing(BaseModel):
    """The body of a route that reads none: absent, or an object without fields."""

    model_config = ConfigDict(extra="forbid")


_NO_BODY: Final[tuple[str, TypeAdapter[Any], type[BaseModel]]] = ("", TypeAdapter(_Nothing), _Nothing)
_WITH_BODY: Final = frozenset({"POST", "PATCH", "PUT"})


def route_table(routers: Iterable[tuple[Dialect, str, Router]]) -> RouteTable:
    """The table of these routers' routes, each under its prefix."""
    table = RouteTable()
    for dialect, prefix, router in routers:
        table.add(dialect, prefix, router)
    return table


def _operation(dialect: Dialect, route: Route) -> Operation:
    hints = get_type_hints(route.handler, include_extras=True)
    call_argument, body, query, body_is_optional, needs_key = "", None, None, False, False
    for name, parameter in inspect.signature(route.handler).parameters.items():
        hint = hints[name]
        marks = getattr(hint, "__metadata__", ())
        model = _model(hint)
        if hint in (Call, Visit):
            call_argument, needs_key = name, hint is Call
        elif model is not None and any(isinstance(mark, Query) for mark in marks):
            query = (name, TypeAdapter(model), model)
        elif model is not None:
            body = (name, TypeAdapter(model), model)
            body_is_optional = parameter.default is None
    if body is None and route.method in _WITH_BODY:
        body, body_is_optional = _NO_BODY, True
    return Operation(
        name=route.name,
        method=route.method,
        dialect=dialect,
        handler=route.handler,
        call_argument=call_argument,
        needs_key=needs_key,
        body=body,
        body_is_optional=body_is_optional,
        query=query,
    )


def _model(hint: Any) -> type[BaseModel] | None:
    """The Pydantic model in an annotation such as `Model`, `Model | None` or `Annotated[Model, …]`."""
    candidates = [hint, *getattr(hint, "__args__", ()), getattr(hint, "__origin__", None)]
    return next((each for each in candidates if inspect.isclass(each) and issubclass(each, BaseModel)), None)
