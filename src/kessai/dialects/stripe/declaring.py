"""How routes of the Stripe API are declared: what they take, what they answer, what a public key may do.

A route is a function of a call, the parameters it was given, and the ids of its path. It decides and gives a
`Result`; what all answers of this API have in common is done here: errors that a key remembers, objects
expanded, events that know their request, bytes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from kessai.dialects.stripe.errors import StripeError, error_object
from kessai.dialects.stripe.ids import request_id as stripe_request_id
from kessai.dialects.stripe.shape import Object, pretty
from kessai.dialects.stripe.versions import SHOWN_SINCE
from kessai.domain.change import Change
from kessai.domain.event import Cause, Event
from kessai.domain.values import value
from kessai.http.call import Call, Reply
from kessai.http.routes import Route, Router
from kessai.simulation.cards import mask_real_numbers

Given = Mapping[str, Any]
"""The parameters of a request, read and typed. Any: each has the type that the API's document gives it."""


@value(frozen=True, slots=True)
class Result:
    """What a route decided: an object to show once `change` is durable.

    `status` is other than 200 for a decline, whose `content` is the error's envelope. `wait_s`,
    `answer_after_s` and `answer_is_lost` are as in `Reply`. `is_secret`: it shows a secret.
    """

    content: Object
    change: Change | None = None
    status: int = 200
    is_secret: bool = False
    wait_s: float = 0
    answer_after_s: float = 0
    answer_is_lost: bool = False


StripeHandler = Callable[..., Awaitable[Result]]
Declared = TypeVar("Declared", bound=StripeHandler)
Complete = Callable[[Call, Object, list[str], str, Change | None], Awaitable[Object]]
"""Replaces ids by objects, which may be new in a change, and adds what an older version has."""


@value(frozen=True, slots=True)
class StripeRoute:
    """A route of this API. `simulated` are the names of the parameters that are heeded, dotted where nested.

    `template` is its path in the API's document.
    """

    method: str
    template: str
    handler: StripeHandler
    simulated: frozenset[str]
    is_public: bool


class StripeRoutes:
    """Routes that belong together, in the order in which they were declared."""

    def __init__(self) -> None:
        self.routes: list[StripeRoute] = []

    def get(
        self, path: str, simulated: str = "", *, is_public: bool = False
    ) -> Callable[[Declared], Declared]:
        """Declare the function below as what GET does. `simulated` are names with blanks between."""
        return self._declare("GET", path, simulated, is_public=is_public)

    def post(
        self, path: str, simulated: str = "", *, is_public: bool = False
    ) -> Callable[[Declared], Declared]:
        """What POST does."""
        return self._declare("POST", path, simulated, is_public=is_public)

    def delete(self, path: str, simulated: str = "") -> Callable[[Declared], Declared]:
        """What DELETE does."""
        return self._declare("DELETE", path, simulated, is_public=False)

    def _declare(
        self, method: str, path: str, simulated: str, *, is_public: bool
    ) -> Callable[[Declared], Declared]:
        def declare(handler: Declared) -> Declared:
            self.routes.append(StripeRoute(method, path, handler, frozenset(simulated.split()), is_public))
            return handler

        return declare


def as_router(routes: list[StripeRoute], complete: Complete) -> Router:
    """These routes as the exchange runs them."""
    router = Router(tags=["stripe"])
    for route in routes:
        router.routes.append(
            Route(route.method, route.template, _handler(route, complete), {"operation_id": _name(route)})
        )
    return router


def _name(route: StripeRoute) -> str:
    """What metrics call it: one name for each handler."""
    return f"stripe_{route.handler.__name__}"


def _handler(route: StripeRoute, complete: Complete) -> Callable[..., Awaitable[Reply]]:
    async def run(call: Call, given: Given, version: str, **ids: str) -> Reply:
        if call.is_public and not route.is_public:
            raise _not_for_public_keys()
        try:
            result = await route.handler(call, given, **ids)
            # Of an error nothing is expanded: it would have to be an object, and what was tried stays done.
            wanted = (given.get("expand") or []) if result.status < 400 else []
            content = result.content
            if wanted or version < SHOWN_SINCE:
                content = await complete(call, content, wanted, version, result.change)
        except StripeError as refusal:
            if not refusal.is_kept:
                raise
            # Carried out as far as that: its key answers so from now on.
            return Reply(refusal.status, pretty(error_object(refusal, stripe_request_id(call.request_id))))
        return Reply(
            result.status,
            pretty(content),
            _caused(result.change, call),
            is_secret=result.is_secret,
            wait_s=result.wait_s,
            answer_after_s=result.answer_after_s,
            answer_is_lost=result.answer_is_lost,
        )

    return run


def _not_for_public_keys() -> StripeError:
    return StripeError(
        "This API call cannot be made with a publishable API key. Please use a secret API key.",
        status=401,
        code="secret_key_required",
    )


def _caused(change: Change | None, call: Call) -> Change | None:
    """The same change, whose events tell of this request.

    Events are listed and sent by their ids, so these are dealt out anew in the order of the events: what a
    change tells first is not always what was decided first.
    """
    if change is None or not change.events:
        return change
    key = call.idempotency_key
    cause = Cause(stripe_request_id(call.request_id), key and mask_real_numbers(key))
    # Each made whole: `replace` costs several times as much, and there are three of them in a payment.
    ids = sorted(each.id for each in change.events)
    events = tuple(
        Event(event_id, each.merchant_id, each.type, each.fact, each.at, cause)
        for event_id, each in zip(ids, change.events, strict=True)
    )
    return Change(change.payment, change.refund, events, change.records, change.claim, change.abandoned)
