"""What a route is given and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from kessai.domain.change import Change
from kessai.domain.merchant import ApiKey, Merchant
from kessai.domain.values import value
from kessai.http.answer import Headers
from kessai.services.services import Services


@value(frozen=True, slots=True)
class Visit:
    """A request, for a route that needs no key. `now` is read once, so that all it does has one time."""

    now: datetime
    services: Services
    request_id: str


@value(frozen=True, slots=True)
class Call(Visit):
    """A request of a merchant, for a route that needs a key. `is_public`: it was a public key."""

    merchant: Merchant
    key: ApiKey
    is_public: bool = False
    idempotency_key: str | None = None


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
    headers: Headers = ()
    act: Callable[[], Awaitable[Reply]] | None = None
