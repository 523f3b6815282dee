"""The merchant itself and its keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from kessai.dialects.native import examples
from kessai.dialects.native.errors import reading, writing
from kessai.dialects.native.examples import answers, asks, page_of
from kessai.dialects.native.paging import decode_cursor, page
from kessai.dialects.native.schemas import (
    GraceIn,
    IssuedKeyOut,
    KeyIn,
    KeyOut,
    KeyPage,
    ListQuery,
    MerchantOut,
    MerchantPatch,
)
from kessai.dialects.native.translate import issued_key_out, key_out, masked, merchant_out
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router

router: Final = Router(tags=["merchants"])


@router.get(
    "/merchants/me",
    operation_id="get_merchant",
    summary="Who am I",
    response_model=MerchantOut,
    responses={**reading(), **answers(200, examples.MERCHANT)},
)
async def get_merchant(call: Call) -> Reply:
    """The merchant the key belongs to."""
    profile = await call.services.merchants.profile(call.merchant)
    return Reply(200, merchant_out(profile.merchant, profile.webhook_url))


@router.patch(
    "/merchants/me",
    operation_id="update_merchant",
    summary="Change the merchant",
    response_model=MerchantOut,
    responses={**writing(), **answers(200, examples.MERCHANT)},
    openapi_extra=asks(webhook={"webhook_url": "http://localhost:3000/hook"}),
)
async def update_merchant(call: Call, body: MerchantPatch) -> Reply:
    """Only what is sent changes. `webhook_url` makes, moves or (null) removes one endpoint."""
    facts = {name: getattr(body, name) for name in body.model_fields_set}
    facts |= {name: masked(facts[name]) for name in ("name", "email") if name in facts}
    profile, change = await call.services.merchants.update(call.merchant, facts, at=call.now)
    return Reply(200, merchant_out(profile.merchant, profile.webhook_url), change)


@router.post(
    "/merchants/me/api-keys",
    operation_id="create_api_key",
    summary="Make a key",
    status_code=201,
    response_model=IssuedKeyOut,
    responses={**writing(), **answers(201, examples.ISSUED_KEY)},
    openapi_extra=asks(named={"name": "CI"}),
)
async def create_api_key(call: Call, body: KeyIn | None = None) -> Reply:
    """The secret key is shown this once; only its digest is kept."""
    asked = body or KeyIn()
    issued, change = await call.services.merchants.create_key(
        call.merchant, masked(asked.name), asked.expires_at, at=call.now
    )
    return Reply(201, issued_key_out(issued.key, issued.secret_key), change, is_secret=True)


@router.get(
    "/merchants/me/api-keys",
    operation_id="list_api_keys",
    summary="List keys, newest first",
    response_model=KeyPage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.KEY))},
)
async def list_api_keys(call: Call, query: Annotated[ListQuery, Query()]) -> Reply:
    """Keys without their secrets, revoked ones too; a merchant has at most 100."""
    found = await call.services.merchants.list_keys(
        call.merchant, before=decode_cursor(query.cursor), limit=query.limit
    )
    return Reply(200, page(found, query.limit, key_out))


@router.post(
    "/merchants/me/api-keys/{key_id}/rotate",
    operation_id="rotate_api_key",
    summary="Give a key a new secret",
    response_model=IssuedKeyOut,
    responses={**writing("NOT_FOUND"), **answers(200, examples.ISSUED_KEY)},
    openapi_extra=asks(an_hour={"grace_period_s": 3600}),
)
async def rotate_api_key(call: Call, key_id: str, body: GraceIn | None = None) -> Reply:
    """The old secret works until the grace period is over; at once it does not, by default."""
    grace = timedelta(seconds=body.grace_period_s if body else 0)
    issued, change = await call.services.merchants.rotate_key(call.merchant, key_id, grace, at=call.now)
    return Reply(200, issued_key_out(issued.key, issued.secret_key), change, is_secret=True)


@router.delete(
    "/merchants/me/api-keys/{key_id}",
    operation_id="revoke_api_key",
    summary="Revoke a key",
    response_model=KeyOut,
    responses={**reading("NOT_FOUND", "CONFLICT", "STORAGE_FULL"), **answers(200, examples.KEY)},
)
async def revoke_api_key(call: Call, key_id: str) -> Reply:
    """Refused at once here and within a second by every process. The last key that works stays."""
    key, change = await call.services.merchants.revoke_key(call.merchant, key_id, at=call.now)
    return Reply(200, key_out(key), change)
