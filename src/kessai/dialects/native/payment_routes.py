"""Payments: what can be asked, declared; the exchange runs it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from kessai.dialects.native import examples
from kessai.dialects.native.errors import reading, refuse, writing
from kessai.dialects.native.examples import answers, asks, page_of
from kessai.dialects.native.paging import decode_cursor, page_after
from kessai.dialects.native.payer_examples import INSTRUMENT_ID
from kessai.dialects.native.schemas import (
    CaptureIn,
    IncrementIn,
    PaymentIn,
    PaymentOut,
    PaymentPage,
    PaymentQuery,
    TimelineOut,
)
from kessai.dialects.native.translate import filter_from, order_from, payment_out, timeline_out
from kessai.domain.errors import IncrementDeclinedError
from kessai.domain.payment import Payment
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router

router: Final = Router(tags=["payments"])
_CREATE_EXAMPLE: Final = {
    "amount": 10000,
    "currency": "INR",
    "description": "Order #123",
    "customer_email": "customer@example.com",
    "metadata": {"order_id": "123"},
}


def _shown(call: Call, payment: Payment) -> dict[str, Any]:
    return payment_out(payment, call.services.public_url)


@router.post(
    "/payments",
    operation_id="create_payment",
    summary="Take a payment",
    status_code=201,
    response_model=PaymentOut,
    responses={**writing("NOT_FOUND", "REAL_CARD_REFUSED"), **answers(201, examples.PAYMENT)},
    openapi_extra=asks(
        success=_CREATE_EXAMPLE,
        decline={"amount": 10000, "simulate": "insufficient_funds"},
        manual={"amount": 10000, "capture_method": "manual"},
        saved={"amount": 10000, "instrument_id": INSTRUMENT_ID},
    ),
)
async def create_payment(call: Call, body: PaymentIn) -> Reply:
    """Ask the pretend bank for a payment. A declined one exists too, with status FAILED."""
    order = order_from(body, call.merchant)
    if body.customer_id is None and body.instrument_id is None:
        created = call.services.payments.create(order, at=call.now)
    else:
        created = await call.services.payers.pay(
            order, body.customer_id, body.instrument_id, off_session=body.off_session, at=call.now
        )
    return Reply(
        201,
        _shown(call, created.payment),
        call.services.disputes.follow(created.change),
        wait_s=created.wait_s,
        answer_after_s=created.answer_after_s,
        answer_is_lost=created.answer_is_lost,
    )


@router.get(
    "/payments",
    operation_id="list_payments",
    summary="List payments, newest first",
    response_model=PaymentPage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.PAYMENT))},
)
async def list_payments(call: Call, query: Annotated[PaymentQuery, Query()]) -> Reply:
    """Any combination of filters; follow `next_cursor` for more.

    A page looks at no more than 2,500 payments, and may be short or empty while `has_more` is true.
    """
    found = await call.services.payments.list(
        call.merchant.id, filter_from(query), before=decode_cursor(query.cursor), limit=query.limit
    )
    return Reply(200, page_after(found.found, found.last, lambda payment: _shown(call, payment)))


@router.get(
    "/payments/{payment_id}",
    operation_id="get_payment",
    summary="Get a payment",
    response_model=PaymentOut,
    responses={**reading("NOT_FOUND"), **answers(200, examples.PAYMENT)},
)
async def get_payment(call: Call, payment_id: str) -> Reply:
    """Another merchant's payment and an unknown one give the same 404."""
    return Reply(200, _shown(call, await call.services.payments.get(call.merchant.id, payment_id)))


@router.post(
    "/payments/{payment_id}/capture",
    operation_id="capture_payment",
    summary="Capture what is held",
    response_model=PaymentOut,
    responses={
        **writing("NOT_FOUND", "INVALID_PAYMENT_STATE", "AMOUNT_TOO_LARGE"),
        **answers(200, examples.PAYMENT),
    },
    openapi_extra=asks(part={"amount": 4000}),
)
async def capture_payment(call: Call, payment_id: str, body: CaptureIn | None = None) -> Reply:
    """Take all that is held, or `amount` of it and release the rest. The body may be absent."""
    payment, change = await call.services.payments.capture(
        call.merchant.id, payment_id, body.amount if body else None, at=call.now
    )
    return Reply(200, _shown(call, payment), await call.services.intent_follower.follow(change))


@router.post(
    "/payments/{payment_id}/increment",
    operation_id="increment_payment",
    summary="Have more held",
    response_model=PaymentOut,
    responses={
        **writing("NOT_FOUND", "INVALID_PAYMENT_STATE", "INCREMENT_DECLINED"),
        **answers(200, examples.HELD),
    },
    openapi_extra=asks(more={"amount": 12000}),
)
async def increment_payment(call: Call, payment_id: str, body: IncrementIn) -> Reply:
    """Ask the bank to hold `amount` in all, more than is held now. At most 10 times, declines counted.

    A decline is answered with 402 and shown in the timeline; what was held can be captured as before. The
    hold lapses when it would have.
    """
    asked = await call.services.payments.increment(call.merchant.id, payment_id, body.amount, at=call.now)
    if asked.declined is not None:
        held = asked.payment.order.amount.minor
        refusal = refuse(IncrementDeclinedError(reason=asked.declined.message, held=held), call.request_id)
        return Reply(refusal.status, refusal.body, asked.change)
    return Reply(200, _shown(call, asked.payment), await call.services.intent_follower.follow(asked.change))


@router.post(
    "/payments/{payment_id}/cancel",
    operation_id="cancel_payment",
    summary="Cancel a payment that was not captured",
    response_model=PaymentOut,
    responses={**writing("NOT_FOUND", "INVALID_PAYMENT_STATE"), **answers(200, examples.VOIDED)},
)
async def cancel_payment(call: Call, payment_id: str) -> Reply:
    """Let what is held go untaken: the payment is VOIDED."""
    payment, change = await call.services.payments.cancel(call.merchant.id, payment_id, at=call.now)
    return Reply(200, _shown(call, payment), await call.services.intent_follower.follow(change))


@router.get(
    "/payments/{payment_id}/timeline",
    operation_id="get_payment_timeline",
    summary="What happened to a payment",
    response_model=TimelineOut,
    response_model_exclude_none=True,
    responses={**reading("NOT_FOUND"), **answers(200, examples.TIMELINE)},
)
async def get_payment_timeline(call: Call, payment_id: str) -> Reply:
    """Every state change, event and delivery attempt, oldest first."""
    return Reply(200, timeline_out(await call.services.timelines.of_payment(call.merchant.id, payment_id)))
