"""The reference pages: /docs, /redoc and /openapi.json, with assets from the installed package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRouter
from fastapi_offline import FastAPIOffline

import kessai
from kessai.domain.errors import KessaiError, NotFoundError
from kessai.http.dialect import Dialect
from kessai.http.errors import MethodNotAllowedError

_ABOUT: Final = """
A payment gateway that takes no money: a durable, stateful sandbox to build and test payment code against.

Authenticate with `Authorization: Bearer sk_test_…`. Every POST takes an `Idempotency-Key`; every answer has
an `X-Request-ID`. Amounts are integers in minor units, times are RFC 3339 in UTC.
"""
_COMMON: Final = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Repeating a request with the same key gives the first answer again",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
    }
]


def build_reference(routers: Iterable[tuple[str, APIRouter]], dialect: Dialect) -> FastAPI:
    """The FastAPI application of what is not API: it describes the API's routes and serves none of them."""
    app = FastAPIOffline(
        title="kessai",
        version=kessai.__version__,
        static_url="/reference-assets",
        redirect_slashes=False,
    )

    async def unknown_path(request: Request, _error: Exception) -> Response:
        return _refused(dialect, request, NotFoundError("path", hint="the paths are listed at /docs"))

    async def unknown_method(request: Request, _error: Exception) -> Response:
        return _refused(dialect, request, MethodNotAllowedError(request.method, ["GET"]))

    app.add_exception_handler(404, unknown_path)
    app.add_exception_handler(405, unknown_method)

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(_catalogue(routers).openapi())
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]
    return app


def _catalogue(routers: Iterable[tuple[str, APIRouter]]) -> FastAPI:
    """Every route, for the document's sake: they take a while to join, and no request is served by it."""
    catalogue = FastAPI(title="kessai", version=kessai.__version__, description=_ABOUT)
    for prefix, router in routers:
        catalogue.include_router(router, prefix=prefix)
    return catalogue


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """Add what all routes share and FastAPI cannot see, and drop its own error shape: it is never sent."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "post" and path.startswith("/api/"):
                operation.setdefault("parameters", []).extend(_COMMON)
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["schema"] = {"type": "string", "format": "uuid"}
    schemas = document["components"]["schemas"]
    for own in ("HTTPValidationError", "ValidationError"):
        schemas.pop(own, None)
    return document


def _refused(dialect: Dialect, request: Request, refusal: KessaiError) -> Response:
    answer = dialect.refuse(refusal, request.scope["state"]["request_id"])
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, answer.status, headers, media_type=answer.content_type)
