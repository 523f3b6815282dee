"""The native API as the exchange sees it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from kessai.dialects.native.errors import refuse
from kessai.domain.errors import InvalidFieldError, KessaiError, NotFoundError
from kessai.domain.ids import canonical
from kessai.http.answer import Answer, Headers
from kessai.http.errors import MethodNotAllowedError
from kessai.http.reading import Reader, model_reader
from kessai.http.request import Request
from kessai.http.routes import Route, Routers

_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")


class NativeDialect:
    """Bearer or `X-API-Key`, one envelope for every refusal."""

    name: Final = "native"
    takes_strangers: Final = False
    takes_public_keys: Final = False

    @property
    def routers(self) -> Routers:
        """Every route of the native API; loaded by whoever serves them, which a dispatcher does not."""
        from kessai.dialects.native.routers import ROUTERS

        return ROUTERS

    def reader(self, route: Route) -> Reader:
        """By Pydantic models."""
        return model_reader(route)

    def path_parameter(self, part: str) -> str | None:
        """A core id, in its canonical form."""
        return canonical(part)

    def answer_headers(self, request: Request, request_id: str) -> Headers:
        """None of its own."""
        return ()

    def replay_headers(self, request_id: str) -> Headers:
        """None of its own."""
        return ()

    def unknown(self, method: str, path: str, allowed: Sequence[str] = ()) -> KessaiError:
        """It is not there, or takes other methods."""
        if allowed:
            return MethodNotAllowedError(method, allowed)
        return NotFoundError("path", hint="the paths are listed at /docs")

    def credentials(self, request: Request) -> str | None:
        """The secret key, from either header; `Authorization` goes first."""
        authorization = request.header(b"authorization")
        if authorization is None:
            return request.header(b"x-api-key")
        scheme, _, secret_key = authorization.partition(" ")
        return secret_key.strip() if scheme.lower() == "bearer" else None

    def idempotency_key(self, request: Request) -> str | None:
        """`Idempotency-Key`, 1 to 255 printable ASCII characters."""
        key = request.header(b"idempotency-key")
        if key is not None and not _KEY.fullmatch(key):
            raise InvalidFieldError(
                "an idempotency key is 1 to 255 printable ASCII characters", param="Idempotency-Key"
            )
        return key

    def refuse(self, error: KessaiError, request_id: str) -> Answer:
        """The error envelope."""
        return refuse(error, request_id)
