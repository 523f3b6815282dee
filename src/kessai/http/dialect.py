"""What the exchange asks of an API it speaks."""

from __future__ import annotations

from typing import Protocol

from kessai.domain.errors import KessaiError
from kessai.http.answer import Answer
from kessai.http.request import Request
from kessai.http.routes import Routers


class Dialect(Protocol):
    """A translator: no state, no query, no rule."""

    @property
    def name(self) -> str:
        """Its name in endpoints and logs."""
        ...

    @property
    def routers(self) -> Routers:
        """Path prefixes and the routes under them."""
        ...

    def credentials(self, request: Request) -> str | None:
        """The secret key a request shows."""
        ...

    def idempotency_key(self, request: Request) -> str | None:
        """The idempotency key of a request.

        Raises:
            KessaiError: it cannot be one.
        """
        ...

    def refuse(self, error: KessaiError, request_id: str) -> Answer:
        """The answer to a refusal."""
        ...
