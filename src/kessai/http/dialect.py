"""What the exchange asks of an API it speaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kessai.domain.errors import KessaiError
from kessai.http.answer import Answer, Headers
from kessai.http.reading import Reader
from kessai.http.request import Request
from kessai.http.routes import Route, Routers


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

    def reader(self, route: Route) -> Reader:
        """What reads the requests of a route."""
        ...

    def path_parameter(self, part: str) -> str | None:
        """What stands for an id in a path, as handlers are given it; None when it can be none."""
        ...

    @property
    def takes_strangers(self) -> bool:
        """Whether a test key that nobody has registered makes a merchant of its own on a local gateway."""
        ...

    @property
    def takes_public_keys(self) -> bool:
        """Whether a public key identifies its merchant, for what its routes show to a payer."""
        ...

    def answer_headers(self, request: Request, request_id: str) -> Headers:
        """What every answer of this API carries, whatever else it says."""
        ...

    def replay_headers(self, request_id: str) -> Headers:
        """What a replay carries besides; `request_id` is of the request that was answered so first."""
        ...

    def unknown(self, method: str, path: str, allowed: Sequence[str] = ()) -> KessaiError:
        """What to say of a path that is nothing here; `allowed` are methods that it takes instead."""
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
