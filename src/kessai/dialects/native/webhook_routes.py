"""What happened and where it went: events and deliveries, and sending them again; the exchange runs it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from kessai.dialects.native import webhook_examples as examples
from kessai.dialects.native.errors import reading, writing
from kessai.dialects.native.examples import answers, page_of
from kessai.dialects.native.paging import decode_cursor, page_after
from kessai.dialects.native.webhook_schemas import (
    DeliveryOut,
    DeliveryPage,
    DeliveryQuery,
    EventPage,
    EventQuery,
    EventWithDeliveriesOut,
    RedeliveredOut,
)
from kessai.dialects.native.webhook_translate import (
    delivery_out,
    event_out,
)
from kessai.domain.event import Event
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router
from kessai.storage.repositories.deliveries import DeliveryFilter, DeliveryReport
from kessai.storage.repositories.events import EventFilter

router: Final = Router(tags=["webhooks"])


@router.get(
    "/webhooks/events",
    operation_id="list_webhook_events",
    summary="List events, newest first",
    response_model=EventPage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.EVENT))},
)
async def list_webhook_events(call: Call, query: Annotated[EventQuery, Query()]) -> Reply:
    """What happened, whether or not an endpoint was there to hear it.

    A page looks at no more than 2,500 events, and may be short or empty while `has_more` is true.
    """
    found = await call.services.events.list(
        call.merchant.id,
        EventFilter(
            type=query.event and query.event.value,
            payment_id=query.payment_id,
            created_from=query.created_from,
            created_to=query.created_to,
        ),
        before=decode_cursor(query.cursor),
        limit=query.limit,
    )
    return Reply(200, page_after(found.found, found.last, lambda event: _shown(call, event)))


@router.get(
    "/webhooks/events/{event_id}",
    operation_id="get_webhook_event",
    summary="Get an event and where it went",
    response_model=EventWithDeliveriesOut,
    responses={
        **reading("NOT_FOUND"),
        **answers(200, {**examples.EVENT, "deliveries": [examples.DELIVERY]}),
    },
)
async def get_webhook_event(call: Call, event_id: str) -> Reply:
    """With every delivery and its attempts."""
    event = await call.services.events.get(call.merchant.id, event_id)
    deliveries = await call.services.events.deliveries_of(event)
    return Reply(200, {**_shown(call, event), "deliveries": [delivery_out(each) for each in deliveries]})


@router.post(
    "/webhooks/events/{event_id}/redeliver",
    operation_id="redeliver_webhook_event",
    summary="Send an event again",
    status_code=202,
    response_model=RedeliveredOut,
    responses={**writing("NOT_FOUND"), **answers(202, {"data": [examples.DELIVERY]})},
)
async def redeliver_webhook_event(call: Call, event_id: str) -> Reply:
    """To every endpoint that had it or would hear it now: same id, same body, fresh timestamp."""
    deliveries, change = await call.services.events.redeliver(call.merchant.id, event_id, at=call.now)
    return Reply(202, {"data": [delivery_out(DeliveryReport(each, ())) for each in deliveries]}, change)


@router.get(
    "/webhooks/deliveries",
    operation_id="list_webhook_deliveries",
    summary="List deliveries, newest first",
    response_model=DeliveryPage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.DELIVERY))},
)
async def list_webhook_deliveries(call: Call, query: Annotated[DeliveryQuery, Query()]) -> Reply:
    """With their newest attempts, any combination of filters.

    A page looks at no more than 2,500 deliveries, and may be short or empty while `has_more` is true.
    """
    wanted = DeliveryFilter(
        endpoint_id=query.endpoint_id,
        event_id=query.event_id,
        event_type=query.event and query.event.value,
        status=query.status and query.status.value,
        payment_id=query.payment_id,
        created_from=query.created_from,
        created_to=query.created_to,
    )
    found = await call.services.events.deliveries(
        call.merchant.id, wanted, before=decode_cursor(query.cursor), limit=query.limit
    )
    return Reply(200, page_after(found.found, found.last, delivery_out))


@router.get(
    "/webhooks/deliveries/{delivery_id}",
    operation_id="get_webhook_delivery",
    summary="Get a delivery and its attempts",
    response_model=DeliveryOut,
    responses={**reading("NOT_FOUND"), **answers(200, examples.DELIVERY)},
)
async def get_webhook_delivery(call: Call, delivery_id: str) -> Reply:
    """With the body as it is sent, byte for byte."""
    return Reply(200, delivery_out(await call.services.events.delivery(call.merchant.id, delivery_id)))


@router.post(
    "/webhooks/deliveries/{delivery_id}/retry",
    operation_id="retry_webhook_delivery",
    summary="Send one delivery again",
    status_code=202,
    response_model=DeliveryOut,
    responses={**writing("NOT_FOUND"), **answers(202, examples.DELIVERY)},
)
async def retry_webhook_delivery(call: Call, delivery_id: str) -> Reply:
    """At once and with a fresh schedule: same id, same body, fresh timestamp."""
    report, change = await call.services.events.retry(call.merchant.id, delivery_id, at=call.now)
    return Reply(202, delivery_out(report), change)


def _shown(call: Call, event: Event) -> dict[str, Any]:
    return event_out(event, call.services.public_url)
