"""What a route is given and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from kessai.domain.change import Change
from kessai.domain.merchant import ApiKey, Merchant
from kessai.domain.values import value
from kessai.services.services import Services


@value(frozen=True, slots=True)
class Visit:
    """A request that needs no key. `now` is read once, so that everything it does has one time."""

    now: datetime
    services: Services
    request_id: str


@value(frozen=True, slots=True)
class Call(Visit):
    """A request of a merchant."""

    merchant: Merchant
    key: ApiKey


@value(frozen=True, slots=True)
class Reply:
    """What a route decided: the answer to give once `change` is durable.

    `content` is a JSON-able value, or bytes sent as they are. `is_secret`: the answer shows a secret and
    is stored sealed. `act` does what is felt outside and gives the reply to use instead; a repeated
    request does not get that far. `wait_s` is how long the bank keeps us waiting before the commit,
    `answer_after_s` how long the answer is held back after it, `answer_is_lost` that it never leaves.
    """

    status: int
    content: Any
    change: Change | None = None
    is_secret: bool = False
    wait_s: float = 0
    answer_after_s: float = 0
    answer_is_lost: bool = False
    content_type: str = "application/json"
    act: Callable[[], Awaitable[Reply]] | None = None


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


Caller = Annotated[Call, Depends(_declare_key)]
Visitor = Annotated[Visit, Depends(_declare_visit)]
