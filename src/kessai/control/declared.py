"""FastAPI's routes, made of ours: it draws the reference from them, and serves none of them."""

from __future__ import annotations

import functools
import inspect
from typing import Annotated, Any, Final

from fastapi import Depends, Security, params
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.routing import APIRouter
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from kessai.http.call import Call, Visit
from kessai.http.routes import Handler, Query, Router

_RESPONSES: Final = {
    "application/json": JSONResponse,
    "text/html": HTMLResponse,
    "text/plain": PlainTextResponse,
}


def fastapi_router(router: Router) -> APIRouter:
    """The same routes, as FastAPI declares them."""
    made = APIRouter(tags=[*router.tags])
    for route in router.routes:
        # Any: each has the type that FastAPI asks for by that name.
        options: dict[str, Any] = {**route.options}
        media_type = options.pop("media_type", "application/json")
        made.add_api_route(
            route.path,
            _as_fastapi_reads(route.handler),
            methods=[route.method],
            response_class=_RESPONSES[media_type],
            **options,
        )
    return made


def _as_fastapi_reads(handler: Handler) -> Handler:
    """A stand-in of the same name and docstring, whose arguments are marked with FastAPI's own marks."""

    @functools.wraps(handler)
    async def stand_in(**arguments: object) -> object:
        raise NotImplementedError("the exchange runs the routes")

    signature = inspect.signature(handler, eval_str=True)
    arguments = [each.replace(annotation=_marked(each.annotation)) for each in signature.parameters.values()]
    stand_in.__signature__ = signature.replace(parameters=arguments)  # type: ignore[attr-defined]
    return stand_in


def _marked(hint: Any) -> Any:
    if hint is Call:
        return Annotated[Call, Depends(_declare_key)]
    if hint is Visit:
        return Annotated[Visit, Depends(_declare_visit)]
    if any(isinstance(mark, Query) for mark in getattr(hint, "__metadata__", ())):
        return Annotated[hint.__origin__, params.Query()]
    return hint


def _declare_key(
    bearer: Annotated[
        HTTPAuthorizationCredentials | None,
        Security(
            HTTPBearer(scheme_name="SecretKey", description="A secret key, `sk_test_…`", auto_error=False)
        ),
    ],
    header: Annotated[
        str | None,
        Security(APIKeyHeader(name="X-API-Key", scheme_name="SecretKeyHeader", auto_error=False)),
    ],
) -> None:
    """Tells the OpenAPI document how to authenticate; the exchange does it."""


def _declare_visit() -> None:
    """Keeps a visit out of the OpenAPI document's parameters."""
