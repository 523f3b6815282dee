"""Routes, declared in FastAPI's words without loading FastAPI: serving them needs none of it.

The dispatch table is made of them at start, FastAPI's own routes when somebody asks for the reference.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Required, TypedDict, TypeVar, Unpack

from pydantic import BaseModel, ConfigDict

Handler = Callable[..., Awaitable[Any]]
Declared = TypeVar("Declared", bound=Handler)


class Out(BaseModel):
    """The shape of an answer, for the reference. Nothing else needs its validator, so it is made then."""

    model_config = ConfigDict(defer_build=True)


class Options(TypedDict, total=False):
    """What the reference says of a route, in FastAPI's words. `media_type` of a success is JSON if absent."""

    operation_id: Required[str]
    summary: str
    status_code: int
    media_type: str
    response_model: type[BaseModel] | None
    response_model_exclude_none: bool
    responses: dict[int | str, dict[str, Any]]
    openapi_extra: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """Marks the argument that is read from the query string: `Annotated[Model, Query()]`."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path and a method, and the function that answers there.

    The function takes a `Call`, or a `Visit` if no key is needed, the path's parameters, and perhaps a model
    of the body and one of the query.
    """

    method: str
    path: str
    handler: Handler
    options: Options

    @property
    def name(self) -> str:
        """What logs, metrics and the reference call it."""
        return self.options["operation_id"]


@dataclass(frozen=True, slots=True)
class Router:
    """Routes that belong together, in the order in which they were declared."""

    tags: Sequence[str] = ()
    routes: list[Route] = field(default_factory=list)

    def add(self, method: str, path: str, handler: Handler, **options: Unpack[Options]) -> None:
        """Declare one."""
        self.routes.append(Route(method, path, handler, options))

    def get(self, path: str, **options: Unpack[Options]) -> Callable[[Declared], Declared]:
        """Declare the function below as what GET does."""
        return self._declare("GET", path, options)

    def post(self, path: str, **options: Unpack[Options]) -> Callable[[Declared], Declared]:
        """What POST does."""
        return self._declare("POST", path, options)

    def patch(self, path: str, **options: Unpack[Options]) -> Callable[[Declared], Declared]:
        """What PATCH does."""
        return self._declare("PATCH", path, options)

    def delete(self, path: str, **options: Unpack[Options]) -> Callable[[Declared], Declared]:
        """What DELETE does."""
        return self._declare("DELETE", path, options)

    def _declare(self, method: str, path: str, options: Options) -> Callable[[Declared], Declared]:
        def declare(handler: Declared) -> Declared:
            self.add(method, path, handler, **options)
            return handler

        return declare


Routers = Sequence[tuple[str, Router]]
"""Path prefixes, and the routes under each."""
