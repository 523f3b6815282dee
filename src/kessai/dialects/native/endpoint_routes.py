"""Webhook endpoints: who hears of events; declared, the exchange runs it.

Lists have those that were made here. One that another API made is found by its id, which its deliveries name:
so its secret can be rolled, and what it missed sent again, where that API has no operation for it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from kessai.dialects.native import webhook_examples as examples
from kessai.dialects.native.errors import reading, writing
from kessai.dialects.native.examples import answers, asks, page_of
from kessai.dialects.native.paging import decode_cursor, page
from kessai.dialects.native.schemas import ListQuery
from kessai.dialects.native.webhook_schemas import (
    EndpointCreatedOut,
    EndpointDeletedOut,
    EndpointIn,
    EndpointOut,
    EndpointPage,
    EndpointPatch,
    EndpointSecretOut,
    PingOut,
    RecoveredOut,
    RecoverIn,
    RotateIn,
)
from kessai.dialects.native.webhook_translate import (
    endpoint_created_out,
    endpoint_out,
    endpoint_secret_out,
    facts_from,
    ping_out,
    recovered_out,
)
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router
from kessai.storage.repositories.recovery import Period

router: Final = Router(tags=["webhooks"])
_DIALECT: Final = "native"


@router.post(
    "/webhooks/endpoints",
    operation_id="create_webhook_endpoint",
    summary="Have events sent somewhere",
    status_code=201,
    response_model=EndpointCreatedOut,
    responses={**writing(), **answers(201, examples.ENDPOINT_CREATED)},
    openapi_extra=asks(
        everything={"url": "http://localhost:3000/webhooks"},
        some={"url": "http://localhost:3000/webhooks", "events": ["payment.succeeded", "payment.refunded"]},
    ),
)
async def create_webhook_endpoint(call: Call, body: EndpointIn) -> Reply:
    """Every event from now on goes there. The secret that signs is in the answer."""
    endpoint, secret, change = await call.services.endpoints.create(
        call.merchant.id, facts_from(body), dialect=_DIALECT, secret=body.secret, at=call.now
    )
    return Reply(201, endpoint_created_out(endpoint, secret), change, is_secret=True)


@router.get(
    "/webhooks/endpoints",
    operation_id="list_webhook_endpoints",
    summary="List endpoints, newest first",
    response_model=EndpointPage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.ENDPOINT))},
)
async def list_webhook_endpoints(call: Call, query: Annotated[ListQuery, Query()]) -> Reply:
    """Disabled ones too, without their secrets."""
    found = await call.services.endpoints.list(
        call.merchant.id, before=decode_cursor(query.cursor), limit=query.limit, dialect=_DIALECT
    )
    return Reply(200, page(found, query.limit, endpoint_out))


@router.get(
    "/webhooks/endpoints/{endpoint_id}",
    operation_id="get_webhook_endpoint",
    summary="Get an endpoint",
    response_model=EndpointOut,
    responses={**reading("NOT_FOUND"), **answers(200, examples.ENDPOINT)},
)
async def get_webhook_endpoint(call: Call, endpoint_id: str) -> Reply:
    """When it is disabled, `disabled_reason` says why."""
    return Reply(200, endpoint_out(await call.services.endpoints.get(call.merchant.id, endpoint_id)))


@router.patch(
    "/webhooks/endpoints/{endpoint_id}",
    operation_id="update_webhook_endpoint",
    summary="Change an endpoint",
    response_model=EndpointOut,
    responses={**writing("NOT_FOUND"), **answers(200, examples.ENDPOINT)},
    openapi_extra=asks(
        disable={"enabled": False},
        enable={"enabled": True},
        move={"url": "http://localhost:4000/webhooks"},
    ),
)
async def update_webhook_endpoint(call: Call, endpoint_id: str, body: EndpointPatch) -> Reply:
    """Only what is sent changes. Deliveries that come due while it is disabled are canceled."""
    endpoint, change = await call.services.endpoints.update(
        call.merchant.id, endpoint_id, facts_from(body), at=call.now
    )
    return Reply(200, endpoint_out(endpoint), change)


@router.delete(
    "/webhooks/endpoints/{endpoint_id}",
    operation_id="delete_webhook_endpoint",
    summary="Delete an endpoint",
    response_model=EndpointDeletedOut,
    responses={
        **reading("NOT_FOUND", "CONFLICT", "STORAGE_FULL"),
        **answers(200, examples.ENDPOINT_DELETED),
    },
)
async def delete_webhook_endpoint(call: Call, endpoint_id: str) -> Reply:
    """What was still on its way there is canceled; its deliveries stay listed."""
    endpoint, change = await call.services.endpoints.delete(call.merchant.id, endpoint_id, at=call.now)
    return Reply(200, {"id": endpoint.id, "deleted": True}, change)


@router.get(
    "/webhooks/endpoints/{endpoint_id}/secret",
    operation_id="get_webhook_endpoint_secret",
    summary="Show an endpoint's secret",
    response_model=EndpointSecretOut,
    responses={**reading("NOT_FOUND", "CONFLICT"), **answers(200, examples.ENDPOINT_SECRET)},
)
async def get_webhook_endpoint_secret(call: Call, endpoint_id: str) -> Reply:
    """The secret that signs now, and the one before it while its grace period lasts."""
    endpoint, secrets = await call.services.endpoints.secrets(call.merchant.id, endpoint_id, at=call.now)
    return Reply(200, endpoint_secret_out(endpoint, secrets))


@router.post(
    "/webhooks/endpoints/{endpoint_id}/rotate-secret",
    operation_id="rotate_webhook_endpoint_secret",
    summary="Give an endpoint a new secret",
    response_model=EndpointCreatedOut,
    responses={**writing("NOT_FOUND"), **answers(200, examples.ENDPOINT_CREATED)},
    openapi_extra=asks(at_once={}, an_hour={"grace_period_s": 3600}),
)
async def rotate_webhook_endpoint_secret(call: Call, endpoint_id: str, body: RotateIn | None = None) -> Reply:
    """Both secrets sign during the grace period; by default the old one stops at once."""
    asked = body or RotateIn()
    endpoint, secret, change = await call.services.endpoints.rotate_secret(
        call.merchant.id,
        endpoint_id,
        secret=asked.secret,
        grace=timedelta(seconds=asked.grace_period_s),
        at=call.now,
    )
    return Reply(200, endpoint_created_out(endpoint, secret), change, is_secret=True)


@router.post(
    "/webhooks/endpoints/{endpoint_id}/test",
    operation_id="test_webhook_endpoint",
    summary="Send a ping now",
    response_model=PingOut,
    responses={**writing("NOT_FOUND"), **answers(200, examples.PING)},
)
async def test_webhook_endpoint(call: Call, endpoint_id: str) -> Reply:
    """Signed like any webhook, sent to a disabled endpoint too, not kept; answers with what came back."""

    async def ping() -> Reply:
        result = await call.services.endpoints.ping(call.merchant.id, endpoint_id, at=call.now)
        return Reply(200, ping_out(result))

    return Reply(200, None, act=ping)


@router.post(
    "/webhooks/endpoints/{endpoint_id}/recover",
    operation_id="recover_webhook_endpoint",
    summary="Send again what an endpoint has missed",
    status_code=202,
    response_model=RecoveredOut,
    responses={**writing("NOT_FOUND"), **answers(202, examples.RECOVERED)},
    openapi_extra=asks(all_since={"since": "2026-01-31T12:00:00Z"}),
)
async def recover_webhook_endpoint(call: Call, endpoint_id: str, body: RecoverIn) -> Reply:
    """What was given up since then, and what happened while it was disabled: same ids, same bodies."""

    async def recover() -> Reply:
        # What happened at this very moment has happened.
        period = Period(body.since, body.until or call.now + timedelta.resolution)
        found = await call.services.recovery.recover(call.merchant.id, endpoint_id, period, at=call.now)
        return Reply(202, recovered_out(endpoint_id, found))

    return Reply(202, None, act=recover)
