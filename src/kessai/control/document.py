"""The OpenAPI document: FastAPI draws it from the routes, and what it cannot see is added here."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI

import kessai
from kessai.control.declared import fastapi_router
from kessai.http.routes import Options, Routers

_ABOUT: Final = """
A payment gateway that takes no money: a durable, stateful sandbox to build and test payment code against.

Authenticate with `Authorization: Bearer sk_test_…`. Every POST takes an `Idempotency-Key`; every answer has
an `X-Request-ID`. Amounts are integers in minor units, times are RFC 3339 in UTC.
"""
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeating a request with the same key gives the first answer again",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$",
    },
}
_NEVER_SENT: Final = ("HTTPValidationError", "ValidationError")
"""FastAPI's own shape of errors."""


def openapi_document(routers: Routers) -> dict[str, Any]:
    """Every route under its prefix. The application made for it serves no request."""
    catalogue = FastAPI(title="kessai", version=kessai.__version__, description=_ABOUT)
    for prefix, router in routers:
        catalogue.include_router(fastapi_router(router), prefix=prefix)
    document = catalogue.openapi()
    for prefix, router in routers:
        for route in router.routes:
            path = prefix + route.path
            operation = document["paths"][path][route.method.lower()]
            _complete_parameters(operation, takes_key=route.method == "POST" and path.startswith("/api/"))
            _complete_responses(operation["responses"], route.options)
            _complete_body(operation, document["components"]["schemas"])
    for name in _NEVER_SENT:
        document["components"]["schemas"].pop(name, None)
    return document


def _complete_parameters(operation: dict[str, Any], *, takes_key: bool) -> None:
    if takes_key:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["schema"] = {"type": "string", "format": "uuid"}


def _complete_body(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    # An absent body is read as an empty object, which is enough where no field is required.
    if body := operation.get("requestBody"):
        schema = body["content"]["application/json"]["schema"]
        if "required" not in schemas.get(schema.get("$ref", "").rpartition("/")[2], ()):
            body.pop("required", None)


def _complete_responses(shown: dict[str, Any], options: Options) -> None:
    documented = options.get("responses", {})
    # FastAPI thinks that every route with a parameter may refuse it in FastAPI's own words.
    if 422 not in documented:
        shown.pop("422", None)
    # It draws a refusal with the media type of the route's success, and leaves nulls out of examples.
    for status, response in documented.items():
        if content := response.get("content"):
            drawn = shown[str(status)]["content"]
            schema = next(media["schema"] for media in drawn.values() if "schema" in media)
            shown[str(status)]["content"] = {
                media_type: {"schema": schema, **media} for media_type, media in content.items()
            }
