"""The reference as FastAPI serves it, /docs, /redoc and /openapi.json; assets come with a package."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi_offline import FastAPIOffline

import kessai
from kessai.control.document import openapi_document
from kessai.domain.errors import KessaiError, NotFoundError
from kessai.http.dialect import Dialect
from kessai.http.errors import MethodNotAllowedError
from kessai.http.routes import Routers


def build_pages(routers: Routers, dialect: Dialect) -> FastAPI:
    """An application that describes the routes of the API and serves none of them."""
    app = FastAPIOffline(
        title="kessai",
        version=kessai.__version__,
        static_url="/reference-assets",
        redirect_slashes=False,
    )

    async def unknown_path(request: Request, _error: Exception) -> Response:
        return _refused(dialect, request, NotFoundError("path", hint="the paths are listed at /docs"))

    async def unknown_method(request: Request, _error: Exception) -> Response:
        return _refused(dialect, request, MethodNotAllowedError(request.method, ["GET", "HEAD"]))

    app.add_exception_handler(404, unknown_path)
    app.add_exception_handler(405, unknown_method)

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi_document(routers)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]
    return app


def _refused(dialect: Dialect, request: Request, refusal: KessaiError) -> Response:
    answer = dialect.refuse(refusal, request.scope["state"]["request_id"])
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, answer.status, headers, media_type=answer.content_type)
