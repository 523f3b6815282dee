"""Setups: instruments made ready for payments without their payer; declared, the exchange runs it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from kessai.dialects.native import try_examples as examples
from kessai.dialects.native.errors import reading, writing
from kessai.dialects.native.examples import answers, asks, page_of
from kessai.dialects.native.paging import decode_cursor, page
from kessai.dialects.native.payer_examples import CUSTOMER_ID, INSTRUMENT_ID
from kessai.dialects.native.try_schemas import SetupIn, SetupOut, SetupPage, SetupQuery, TryIn
from kessai.dialects.native.try_translate import setup_facts, setup_out
from kessai.domain.setup import Setup
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router
from kessai.storage.scanning import Wanted

router: Final = Router(tags=["setups"])


def _shown(call: Call, setup: Setup) -> dict[str, Any]:
    return setup_out(setup, call.services.public_url)


@router.post(
    "/setups",
    operation_id="create_setup",
    summary="Make a setup",
    status_code=201,
    response_model=SetupOut,
    responses={**writing("NOT_FOUND"), **answers(201, examples.SETUP)},
    openapi_extra=asks(whose={"customer_id": CUSTOMER_ID, "instrument_id": INSTRUMENT_ID}),
)
async def create_setup(call: Call, body: SetupIn | None = None) -> Reply:
    """No bank is asked yet: confirm it for that. The body may be absent."""
    asked = body or SetupIn()
    made, change = await call.services.tries.make_setup(
        call.merchant.id, setup_facts(asked), asked.customer_id, asked.instrument_id, at=call.now
    )
    return Reply(201, _shown(call, made), change)


@router.get(
    "/setups",
    operation_id="list_setups",
    summary="List setups, newest first",
    response_model=SetupPage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.SETUP))},
)
async def list_setups(call: Call, query: Annotated[SetupQuery, Query()]) -> Reply:
    """All of them, or a customer's."""
    wanted = Wanted(owner_id=query.customer_id, before=decode_cursor(query.cursor))
    found = await call.services.setups.list(call.merchant.id, wanted, limit=query.limit)
    return Reply(200, page(found, query.limit, lambda setup: _shown(call, setup)))


@router.get(
    "/setups/{setup_id}",
    operation_id="get_setup",
    summary="Get a setup",
    response_model=SetupOut,
    responses={**reading("NOT_FOUND"), **answers(200, examples.SETUP)},
)
async def get_setup(call: Call, setup_id: str) -> Reply:
    """Another merchant's setup and an unknown one give the same 404."""
    return Reply(200, _shown(call, await call.services.setups.get(call.merchant.id, setup_id)))


@router.post(
    "/setups/{setup_id}/confirm",
    operation_id="confirm_setup",
    summary="Try to set an instrument up",
    response_model=SetupOut,
    responses={**writing("NOT_FOUND", "INVALID_PAYMENT_STATE"), **answers(200, examples.SETUP_DONE)},
    openapi_extra=asks(instrument={"instrument_id": INSTRUMENT_ID}),
)
async def confirm_setup(call: Call, setup_id: str, body: TryIn | None = None) -> Reply:
    """What is set up is the customer's from then on. A decline leaves it open for another try."""
    step = await call.services.tries.confirm_setup(
        call.merchant.id, setup_id, body.instrument_id if body else None, at=call.now
    )
    return Reply(200, _shown(call, step.setup), step.change)


@router.post(
    "/setups/{setup_id}/cancel",
    operation_id="cancel_setup",
    summary="Give a setup up",
    response_model=SetupOut,
    responses={**writing("NOT_FOUND", "INVALID_PAYMENT_STATE"), **answers(200, examples.SETUP_CANCELED)},
)
async def cancel_setup(call: Call, setup_id: str) -> Reply:
    """Nobody can try it any more."""
    step = await call.services.tries.cancel_setup(call.merchant.id, setup_id, at=call.now)
    return Reply(200, _shown(call, step.setup), step.change)
