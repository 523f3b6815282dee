"""The dispatch table: every API route, found by method and path, built from the declared routes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_type_hints

from kessai.http.call import Call, Visit
from kessai.http.dialect import Dialect
from kessai.http.reading import Reader
from kessai.http.remembered import remembered
from kessai.http.routes import Handler, Route, Router


@dataclass(frozen=True, slots=True)
class Operation:
    """One route, taken apart once at start-up: what reads its requests, and who may call it."""

    name: str
    method: str
    dialect: Dialect
    handler: Handler
    call_argument: str
    needs_key: bool
    reader: Reader


@dataclass(slots=True)
class _Node:
    """A place in the tree of paths: what follows by name, what follows as a parameter, what is here.

    `reads` makes the parameter's value of what stands in the path, None when it can be none.
    """

    named: dict[str, _Node] = field(default_factory=dict)
    any: _Node | None = None
    parameter: str = ""
    reads: Callable[[str], str | None] = str
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

    def join(self, other: RouteTable) -> None:
        """Take in another table's routes. Both share them: nothing may be added afterwards.

        Raises:
            ValueError: paths of both begin alike.
        """
        if alike := self._root.named.keys() & other._root.named.keys():
            raise ValueError(f"paths of both tables begin with {sorted(alike)}")
        self._root.named |= other._root.named
        self._fixed |= other._fixed

    def find(self, path: str) -> Match | None:
        """What is at `path`; None when nothing is, or when what stands for an id is none."""
        return self._fixed.get(path) or self._walk(path)

    def _walk(self, path: str) -> Match | None:
        node = self._root
        parameters: dict[str, str] = {}
        for part in path.split("/")[1:]:
            following = node.named.get(part)
            if following is None:
                if node.any is None or (known := node.any.reads(part)) is None:
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
                node.any = node.any or _Node(parameter=part.strip("{}"), reads=dialect.path_parameter)
                node = node.any
            else:
                node = node.named.setdefault(part, _Node())
        node.here[route.method] = _operation(dialect, route)
        if "{" not in path:
            self._fixed[path] = Match(node.here, {})


def route_table(routers: Iterable[tuple[Dialect, str, Router]]) -> RouteTable:
    """The table of these routers' routes, each under its prefix."""
    table = RouteTable()
    for dialect, prefix, router in routers:
        table.add(dialect, prefix, router)
    return table


def _operation(dialect: Dialect, route: Route) -> Operation:
    call_argument, needs_key = _caller(route.handler)
    return Operation(
        name=route.name,
        method=route.method,
        dialect=dialect,
        handler=route.handler,
        call_argument=call_argument,
        needs_key=needs_key,
        reader=dialect.reader(route),
    )


@remembered
def _caller(handler: Handler) -> tuple[str, bool]:
    """Which of a handler's arguments tells who calls, and whether that needs a key."""
    hints = get_type_hints(handler)
    name = next(name for name, hint in hints.items() if hint in (Call, Visit))
    return name, hints[name] is Call
