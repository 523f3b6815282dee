"""Intents: what is to be paid, over as many payments as it takes; declared, the exchange runs it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from kessai.dialects.native import try_examples as examples
from kessai.dialects.native.errors import reading, writing
from kessai.dialects.native.examples import PAYMENT, answers, asks, page_of
from kessai.dialects.native.paging import decode_cursor, page
from kessai.dialects.native.payer_examples import CUSTOMER_ID, INSTRUMENT_ID
from kessai.dialects.native.schemas import CaptureIn, ListQuery, PaymentPage
from kessai.dialects.native.translate import payment_out
from kessai.dialects.native.try_schemas import (
    IntentIn,
    IntentOut,
    IntentPage,
    IntentPatch,
    IntentQuery,
    IntentTryIn,
)
from kessai.dialects.native.try_translate import asked_from, intent_facts, intent_out
from kessai.domain.intent import Intent
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router
from kessai.storage.scanning import Wanted

router: Final = Router(tags=["intents"])


def _shown(call: Call, intent: Intent) -> dict[str, Any]:
    return intent_out(intent, call.services.public_url)


@router.post(
    "/intents",
    operation_id="create_intent",
    summary="Make an intent",
    status_code=201,
    response_model=IntentOut,
    responses={**writing("NOT_FOUND"), **answers(201, examples.INTENT)},
    openapi_extra=asks(
        open={"amount": 10000, "description": "Order #123"},
        whose={"amount": 10000, "customer_id": CUSTOMER_ID, "instrument_id": INSTRUMENT_ID},
    ),
)
async def create_intent(call: Call, body: IntentIn) -> Reply:
    """No bank is asked yet: confirm it for that."""
    made, change = await call.services.tries.make_intent(
        call.merchant.id,
        asked_from(body, call.merchant),
        body.customer_id,
        body.instrument_id,
        at=call.now,
    )
    return Reply(201, _shown(call, made), change)


@router.get(
    "/intents",
    operation_id="list_intents",
    summary="List intents, newest first",
    response_model=IntentPage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.INTENT))},
)
async def list_intents(call: Call, query: Annotated[IntentQuery, Query()]) -> Reply:
    """All of them, or a customer's."""
    wanted = Wanted(owner_id=query.customer_id, before=decode_cursor(query.cursor))
    found = await call.services.intents.list(call.merchant.id, wanted, limit=query.limit)
    return Reply(200, page(found, query.limit, lambda intent: _shown(call, intent)))


@router.get(
    "/intents/{intent_id}",
    operation_id="get_intent",
    summary="Get an intent",
    response_model=IntentOut,
    responses={**reading("NOT_FOUND"), **answers(200, examples.INTENT)},
)
async def get_intent(call: Call, intent_id: str) -> Reply:
    """Another merchant's intent and an unknown one give the same 404."""
    return Reply(200, _shown(call, await call.services.intents.get(call.merchant.id, intent_id)))


@router.patch(
    "/intents/{intent_id}",
    operation_id="update_intent",
    summary="Change an intent",
    response_model=IntentOut,
    responses={**writing("NOT_FOUND", "INVALID_PAYMENT_STATE"), **answers(200, examples.INTENT)},
    openapi_extra=asks(
        cheaper={"amount": 8000, "description": "Order #123, reduced"}, payer={"instrument_id": INSTRUMENT_ID}
    ),
)
async def update_intent(call: Call, intent_id: str, body: IntentPatch) -> Reply:
    """Only what is sent changes; what is to be paid, and by whom and with what, while no try is under way.

    A payer who is asked to prove who they are for what is revised meanwhile need not come.
    """
    known = await call.services.intents.get(call.merchant.id, intent_id)
    changed, change = await call.services.tries.update_intent(
        known, intent_facts(body, known.amount.currency), at=call.now
    )
    return Reply(200, _shown(call, changed), change)


@router.get(
    "/intents/{intent_id}/payments",
    operation_id="list_intent_payments",
    summary="List an intent's tries, newest first",
    response_model=PaymentPage,
    responses={**reading("NOT_FOUND", "VALIDATION_FAILED"), **answers(200, page_of(PAYMENT))},
)
async def list_intent_payments(call: Call, intent_id: str, query: Annotated[ListQuery, Query()]) -> Reply:
    """Each try is a payment of its own, a declined one too."""
    intent = await call.services.intents.get(call.merchant.id, intent_id)
    wanted = Wanted(before=decode_cursor(query.cursor))
    found = await call.services.payments.tries(
        call.merchant.id, wanted, limit=query.limit, intent_id=intent.id
    )
    return Reply(
        200, page(found, query.limit, lambda payment: payment_out(payment, call.services.public_url))
    )


@router.post(
    "/intents/{intent_id}/confirm",
    operation_id="confirm_intent",
    summary="Try to be paid",
    response_model=IntentOut,
    responses={**writing("NOT_FOUND", "INVALID_PAYMENT_STATE"), **answers(200, examples.INTENT_PAID)},
    openapi_extra=asks(instrument={"instrument_id": INSTRUMENT_ID}),
)
async def confirm_intent(call: Call, intent_id: str, body: IntentTryIn | None = None) -> Reply:
    """With the instrument it has, or another one. A decline leaves it open for another try."""
    asked = body or IntentTryIn()
    step = await call.services.tries.confirm_intent(
        call.merchant.id, intent_id, asked.instrument_id, off_session=asked.off_session, at=call.now
    )
    return Reply(200, _shown(call, step.intent), step.change)


@router.post(
    "/intents/{intent_id}/capture",
    operation_id="capture_intent",
    summary="Capture what an intent holds",
    response_model=IntentOut,
    responses={
        **writing("NOT_FOUND", "INVALID_PAYMENT_STATE", "AMOUNT_TOO_LARGE"),
        **answers(200, examples.INTENT_PAID),
    },
    openapi_extra=asks(part={"amount": 4000}),
)
async def capture_intent(call: Call, intent_id: str, body: CaptureIn | None = None) -> Reply:
    """The same as capturing its latest payment. The body may be absent."""
    intent = await call.services.intents.get(call.merchant.id, intent_id)
    step = await call.services.intents.capture(intent, body.amount if body else None, at=call.now)
    return Reply(200, _shown(call, step.intent), step.change)


@router.post(
    "/intents/{intent_id}/cancel",
    operation_id="cancel_intent",
    summary="Give an intent up",
    response_model=IntentOut,
    responses={**writing("NOT_FOUND", "INVALID_PAYMENT_STATE"), **answers(200, examples.INTENT_CANCELED)},
)
async def cancel_intent(call: Call, intent_id: str) -> Reply:
    """Nobody can try it any more; what is held goes untaken."""
    step = await call.services.tries.cancel_intent(call.merchant.id, intent_id, at=call.now)
    return Reply(200, _shown(call, step.intent), step.change)
