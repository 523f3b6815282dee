"""What a request says, read into a handler's arguments: here, JSON and query strings by Pydantic models."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from kessai.http.call import Call, Visit
from kessai.http.errors import ValidationFailedError
from kessai.http.problems import problems_of
from kessai.http.remembered import remembered
from kessai.http.request import Request, parse_object
from kessai.http.routes import Handler, Query, Route

Model = tuple[str, TypeAdapter[Any], type[BaseModel]]
"""An argument's name, its validator, and the model for the sake of messages."""


class Reader(Protocol):
    """Reads the requests of one route."""

    @property
    def takes_body(self) -> bool:
        """Whether there is a body to wait for."""
        ...

    def read(self, request: Request, raw: bytes) -> tuple[dict[str, Any], object]:
        """The handler's arguments, and what was asked in a form that is the same however it was written.

        Raises:
            KessaiError: it does not fit.
        """
        ...


class _Nothing(BaseModel):
    """The body of a route that reads none: absent, or an object without fields."""

    model_config = ConfigDict(extra="forbid")


_NO_BODY: Final[Model] = ("", TypeAdapter(_Nothing), _Nothing)
_WITH_BODY: Final = frozenset({"POST", "PATCH", "PUT"})


@dataclass(frozen=True, slots=True)
class ModelReader:
    """Reads a body of JSON and a query, each by its model."""

    body: Model | None
    body_is_optional: bool
    query: Model | None

    @property
    def takes_body(self) -> bool:
        return self.body is not None

    def read(self, request: Request, raw: bytes) -> tuple[dict[str, Any], object]:
        """The validated arguments, and the body as parsed JSON."""
        body = parse_object(raw) if raw else None
        return self.arguments(body, request.query if self.query else {}), body

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


def model_reader(route: Route) -> ModelReader:
    """The reader of a route, by the models among its handler's arguments."""
    reader = _model_reader(route.handler)
    if reader.body is None and route.method in _WITH_BODY:
        return ModelReader(_NO_BODY, True, reader.query)
    return reader


@remembered
def _model_reader(handler: Handler) -> ModelReader:
    hints = get_type_hints(handler, include_extras=True)
    body, query, body_is_optional = None, None, False
    for name, parameter in inspect.signature(handler).parameters.items():
        hint = hints[name]
        model = None if hint in (Call, Visit) else _model(hint)
        if model is None:
            continue
        if any(isinstance(mark, Query) for mark in getattr(hint, "__metadata__", ())):
            query = (name, TypeAdapter(model), model)
        else:
            body = (name, TypeAdapter(model), model)
            body_is_optional = parameter.default is None
    return ModelReader(body, body_is_optional, query)


def _validated(model: Model, value: object) -> Any:
    _, adapter, kind = model
    try:
        return adapter.validator.validate_python(value)
    except ValidationError as error:
        raise ValidationFailedError(problems_of(error, kind)) from None


def _model(hint: Any) -> type[BaseModel] | None:
    """The Pydantic model in an annotation such as `Model`, `Model | None` or `Annotated[Model, …]`."""
    candidates = [hint, *getattr(hint, "__args__", ()), getattr(hint, "__origin__", None)]
    return next((each for each in candidates if inspect.isclass(each) and issubclass(each, BaseModel)), None)
