"""Events: /v1/events. Source: Stripe API reference, "Events", read 2026-11-26.

Only what this API has a name for. What was pruned is as unknown as the original's events after 30 days
(`EVENT_RETENTION_DAYS` says after how many here).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing
from kessai.dialects.stripe.events import event_object, name_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.paging import PAGED, limit_of, shown_of, wanted_of
from kessai.dialects.stripe.routes.webhook_endpoints import DIALECT, found_endpoint
from kessai.dialects.stripe.shape import Object, list_object
from kessai.domain.errors import ConflictError
from kessai.domain.event import Event
from kessai.http.call import Call

routes: Final = StripeRoutes()
TYPES_MAX: Final = 20
"""As many `types` may be asked for at once."""


@routes.get("/v1/events", f"{PAGED} created type types delivery_success")
async def list_events(call: Call, given: Given) -> Result:
    """Newest first. `type` may end in `.*`; `types` are names of up to TYPES_MAX."""
    is_wanted = _wanted_types(given)
    wanted = await wanted_of(call, given, "event")
    limit = limit_of(given)
    found = await call.services.events.scan(
        call.merchant.id,
        wanted,
        dialect=DIALECT,
        is_heard=given.get("delivery_success"),
        limit=limit,
        where=lambda event: is_wanted(name_of(event)),
    )
    shown = shown_of(found, limit, is_backward=wanted.after is not None)
    data = [await _shown(call, each) for each in shown]
    return Result(list_object("/v1/events", data, has_more=len(found) > limit))


@routes.get("/v1/events/{id}")
async def retrieve_event(call: Call, given: Given, id: str) -> Result:  # noqa: A002 - as the path names it
    """An event, with its object as it was then."""
    return Result(await _shown(call, await _found(call, id)))


@routes.post("/v1/events/{id}/retry", "webhook_endpoint for_stripecli")
async def retry_event(call: Call, given: Given, id: str) -> Result:  # noqa: A002 - as the path names it
    """Send it again: to one endpoint, or to all that would hear it and those that had it.

    Not in the API's document; it is what `stripe events resend` asks for. `for_stripecli` means the listeners
    of that program, which are endpoints like any other here.
    """
    event = await _found(call, id)
    named = given.get("webhook_endpoint")
    try:
        if named is not None:
            endpoint = await found_endpoint(call, named, status=400)
            change = await call.services.events.send_to(call.merchant.id, event.id, endpoint, at=call.now)
        else:
            _, change = await call.services.events.redeliver(call.merchant.id, event.id, at=call.now)
    except ConflictError as error:
        raise StripeError(f"This event cannot be sent again: {error.message}.") from None
    return Result(await _shown(call, event), change)


async def _shown(call: Call, event: Event) -> Object:
    pending = await call.services.events.unheard(event, DIALECT)
    return event_object(event, call.services.public_url, pending=pending)


async def _found(call: Call, event_id: str) -> Event:
    found: Event | None = await find(call, "event", event_id)
    if found is None:
        raise missing("event", event_id, param="id", status=404)
    return found


def _wanted_types(given: Given) -> Callable[[str | None], bool]:
    """What of its name a list picks events by; none without a name.

    Raises:
        StripeError: both ways to ask, or too many names.
    """
    one, several = given.get("type"), given.get("types")
    if one and several:
        raise StripeError("You may only specify one of these parameters: type, types.", param="types")
    if several:
        if len(several) > TYPES_MAX:
            raise StripeError(f"You may specify up to {TYPES_MAX} types.", param="types")
        names = frozenset(several)
        return lambda name: name in names
    if not one or one == "*":
        return lambda name: name is not None
    if one.endswith(".*"):
        return lambda name: name is not None and name.startswith(one[:-1])
    return lambda name: name == one
