"""Saved instruments: what is kept to pay with, now or again; declared, the exchange runs it."""

from __future__ import annotations

from typing import Annotated, Final

from kessai.dialects.native import payer_examples as examples
from kessai.dialects.native.errors import reading, writing
from kessai.dialects.native.examples import answers, asks, page_of
from kessai.dialects.native.paging import decode_cursor, page
from kessai.dialects.native.payer_schemas import (
    AttachIn,
    DeletedOut,
    InstrumentIn,
    InstrumentOut,
    InstrumentPage,
    InstrumentPatch,
)
from kessai.dialects.native.payer_translate import changed_facts, instrument_facts, instrument_out
from kessai.dialects.native.schemas import ListQuery
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router
from kessai.storage.scanning import Wanted

router: Final = Router(tags=["instruments"])


@router.post(
    "/instruments",
    operation_id="create_instrument",
    summary="Save what pays",
    status_code=201,
    response_model=InstrumentOut,
    responses={**writing("NOT_FOUND", "REAL_CARD_REFUSED"), **answers(201, examples.INSTRUMENT)},
    openapi_extra=asks(
        card={"type": "card", "card": examples.TEST_CARD, "customer_id": examples.CUSTOMER_ID},
        alone={"type": "card", "card": examples.TEST_CARD},
        upi={"type": "upi", "upi": {"vpa": "success@razorpay"}},
    ),
)
async def create_instrument(call: Call, body: InstrumentIn) -> Reply:
    """A customer's, or nobody's. No bank is asked: a card that declines is saved, and declines payments."""
    made, change = await call.services.payers.save(
        call.merchant.id, instrument_facts(body), body.customer_id, at=call.now
    )
    return Reply(201, instrument_out(made), change)


@router.get(
    "/instruments",
    operation_id="list_instruments",
    summary="List instruments, newest first",
    response_model=InstrumentPage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.INSTRUMENT))},
)
async def list_instruments(call: Call, query: Annotated[ListQuery, Query()]) -> Reply:
    """Detached ones too, deleted ones not."""
    wanted = Wanted(before=decode_cursor(query.cursor))
    found = await call.services.instruments.list(call.merchant.id, wanted, limit=query.limit)
    return Reply(200, page(found, query.limit, instrument_out))


@router.get(
    "/instruments/{instrument_id}",
    operation_id="get_instrument",
    summary="Get an instrument",
    response_model=InstrumentOut,
    responses={**reading("NOT_FOUND"), **answers(200, examples.INSTRUMENT)},
)
async def get_instrument(call: Call, instrument_id: str) -> Reply:
    """Another merchant's instrument, a deleted and an unknown one give the same 404."""
    found = await call.services.instruments.living(call.merchant.id, instrument_id)
    return Reply(200, instrument_out(found))


@router.patch(
    "/instruments/{instrument_id}",
    operation_id="update_instrument",
    summary="Change an instrument",
    response_model=InstrumentOut,
    responses={**writing("NOT_FOUND"), **answers(200, examples.INSTRUMENT)},
    openapi_extra=asks(
        renewed={"card": {"exp_month": 12, "exp_year": 2034}}, note={"metadata": {"nickname": "for work"}}
    ),
)
async def update_instrument(call: Call, instrument_id: str, body: InstrumentPatch) -> Reply:
    """Only what is sent changes. One that was detached is refused with `CONFLICT`."""
    known = await call.services.instruments.usable(call.merchant.id, instrument_id)
    changed, change = call.services.instruments.update(known, changed_facts(body, known), at=call.now)
    return Reply(200, instrument_out(changed), change)


@router.post(
    "/instruments/{instrument_id}/attach",
    operation_id="attach_instrument",
    summary="Make an instrument a customer's",
    response_model=InstrumentOut,
    responses={**writing("NOT_FOUND"), **answers(200, examples.INSTRUMENT)},
    openapi_extra=asks(customer={"customer_id": examples.CUSTOMER_ID}),
)
async def attach_instrument(call: Call, instrument_id: str, body: AttachIn) -> Reply:
    """One that is another customer's, or was detached, is refused with `CONFLICT`."""
    attached, change = await call.services.payers.attach(
        call.merchant.id, instrument_id, body.customer_id, at=call.now
    )
    return Reply(200, instrument_out(attached), change)


@router.post(
    "/instruments/{instrument_id}/detach",
    operation_id="detach_instrument",
    summary="Take an instrument from its customer",
    response_model=InstrumentOut,
    responses={**writing("NOT_FOUND"), **answers(200, examples.DETACHED)},
)
async def detach_instrument(call: Call, instrument_id: str) -> Reply:
    """For good: it can be seen and not be used again. It is no customer's default any more."""
    gone, change = await call.services.payers.detach(call.merchant.id, instrument_id, at=call.now)
    return Reply(200, instrument_out(gone), change)


@router.delete(
    "/instruments/{instrument_id}",
    operation_id="delete_instrument",
    summary="Delete an instrument",
    response_model=DeletedOut,
    responses={
        **reading("NOT_FOUND", "CONFLICT", "STORAGE_FULL"),
        **answers(200, examples.INSTRUMENT_DELETED),
    },
)
async def delete_instrument(call: Call, instrument_id: str) -> Reply:
    """The same, and it is gone from every list; the payments made with it stay."""
    gone, change = await call.services.payers.delete(call.merchant.id, instrument_id, at=call.now)
    return Reply(200, {"id": gone.id, "deleted": True}, change)
