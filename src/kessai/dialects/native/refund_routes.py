"""Refunds, at their payment and by themselves; declared, the exchange runs it."""

from __future__ import annotations

from typing import Annotated, Final

from kessai.dialects.native import examples
from kessai.dialects.native.errors import reading, writing
from kessai.dialects.native.examples import answers, asks, page_of
from kessai.dialects.native.paging import decode_cursor, page
from kessai.dialects.native.schemas import ListQuery, RefundIn, RefundOfIn, RefundOut, RefundPage
from kessai.dialects.native.translate import masked, refund_out
from kessai.domain.errors import NotFoundError
from kessai.domain.ids import canonical
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router

router: Final = Router(tags=["refunds"])


@router.post(
    "/payments/{payment_id}/refund",
    operation_id="refund_payment",
    summary="Refund what was captured",
    status_code=201,
    response_model=RefundOut,
    responses={
        **writing("NOT_FOUND", "INVALID_PAYMENT_STATE", "AMOUNT_TOO_LARGE"),
        **answers(201, examples.REFUND),
    },
    openapi_extra=asks(part={"amount": 5000, "reason": "Customer requested"}),
)
async def refund_payment(call: Call, payment_id: str, body: RefundIn | None = None) -> Reply:
    """Give back what is left, or `amount` of it. Many partial refunds are possible."""
    return await _refund(call, payment_id, body or RefundIn())


@router.post(
    "/refunds",
    operation_id="create_refund",
    summary="Refund a payment named in the body",
    status_code=201,
    response_model=RefundOut,
    responses={
        **writing("NOT_FOUND", "INVALID_PAYMENT_STATE", "AMOUNT_TOO_LARGE"),
        **answers(201, examples.REFUND),
    },
    openapi_extra=asks(part={"payment_id": "0199d3c2-5f00-7000-8000-000000000000", "amount": 5000}),
)
async def create_refund(call: Call, body: RefundOfIn) -> Reply:
    """The same as refunding at the payment."""
    payment_id = canonical(body.payment_id)
    if payment_id is None:
        raise NotFoundError("payment")
    return await _refund(call, payment_id, body)


async def _refund(call: Call, payment_id: str, body: RefundIn) -> Reply:
    refund, change = await call.services.refunds.create(
        call.merchant.id, payment_id, body.amount, masked(body.reason), at=call.now
    )
    return Reply(201, refund_out(refund), change)


@router.get(
    "/payments/{payment_id}/refunds",
    operation_id="list_payment_refunds",
    summary="List a payment's refunds, newest first",
    response_model=RefundPage,
    responses={**reading("NOT_FOUND", "VALIDATION_FAILED"), **answers(200, page_of(examples.REFUND))},
)
async def list_payment_refunds(call: Call, payment_id: str, query: Annotated[ListQuery, Query()]) -> Reply:
    """Failed refunds are listed too."""
    found = await call.services.refunds.of_payment(
        call.merchant.id, payment_id, before=decode_cursor(query.cursor), limit=query.limit
    )
    return Reply(200, page(found, query.limit, refund_out))


@router.get(
    "/refunds/{refund_id}",
    operation_id="get_refund",
    summary="Get a refund",
    response_model=RefundOut,
    responses={**reading("NOT_FOUND"), **answers(200, examples.REFUND)},
)
async def get_refund(call: Call, refund_id: str) -> Reply:
    """Another merchant's refund and an unknown one give the same 404."""
    return Reply(200, refund_out(await call.services.refunds.get(call.merchant.id, refund_id)))
