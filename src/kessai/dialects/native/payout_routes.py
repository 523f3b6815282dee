"""Payouts: what can be asked, declared; the exchange runs it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from kessai.dialects.native import money_examples as examples
from kessai.dialects.native.errors import reading, writing
from kessai.dialects.native.examples import answers, asks, page_of
from kessai.dialects.native.money_schemas import PayoutIn, PayoutOut, PayoutPage, PayoutQuery
from kessai.dialects.native.money_translate import payout_out
from kessai.dialects.native.paging import decode_cursor, page_after
from kessai.dialects.native.translate import masked, masked_metadata
from kessai.domain.money import Money
from kessai.domain.payout import Payout, PayoutMethod
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router
from kessai.storage.scanning import Wanted

router: Final = Router(tags=["payouts"])


@router.post(
    "/payouts",
    operation_id="create_payout",
    summary="Pay out some of the balance",
    status_code=201,
    response_model=PayoutOut,
    responses={**writing("AMOUNT_TOO_LARGE"), **answers(201, examples.PAYOUT)},
    openapi_extra=asks(
        standard={"amount": 9000, "currency": "INR", "description": "Rent"},
        soon={"amount": 500, "method": "instant", "delay_s": 60},
    ),
)
async def create_payout(call: Call, body: PayoutIn) -> Reply:
    """Send an amount on its way, at most what is available.

    However many are asked for at one moment, together they never exceed that.
    """
    made, change = await call.services.payouts.create(
        call.merchant.id,
        Money(body.amount, body.currency or call.merchant.default_currency),
        PayoutMethod(body.method),
        at=call.now,
        description=masked(body.description),
        statement_descriptor=masked(body.statement_descriptor),
        metadata=masked_metadata(body.metadata),
        takes=None if body.delay_s is None else timedelta(seconds=body.delay_s),
    )
    return Reply(201, payout_out(made), change)


@router.get(
    "/payouts",
    operation_id="list_payouts",
    summary="List payouts, newest first",
    response_model=PayoutPage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.PAYOUT))},
)
async def list_payouts(call: Call, query: Annotated[PayoutQuery, Query()]) -> Reply:
    """Any combination of filters; follow `next_cursor` for more.

    A page looks at no more than 20,000 payouts, and may be short or empty while `has_more` is true.
    """
    wanted = Wanted(
        created_from=query.created_from, created_to=query.created_to, before=decode_cursor(query.cursor)
    )

    def is_wanted(payout: Payout) -> bool:
        return query.status in (None, payout.status) and query.currency in (None, payout.amount.currency)

    found = await call.services.payouts.page(call.merchant.id, wanted, limit=query.limit, where=is_wanted)
    return Reply(200, page_after(found.found, found.last, payout_out))


@router.get(
    "/payouts/{payout_id}",
    operation_id="get_payout",
    summary="Get a payout",
    response_model=PayoutOut,
    responses={**reading("NOT_FOUND"), **answers(200, examples.PAYOUT)},
)
async def get_payout(call: Call, payout_id: str) -> Reply:
    """Another merchant's payout and an unknown one give the same 404."""
    return Reply(200, payout_out(await call.services.payouts.get(call.merchant.id, payout_id)))


@router.post(
    "/payouts/{payout_id}/cancel",
    operation_id="cancel_payout",
    summary="Cancel a payout that has not arrived",
    response_model=PayoutOut,
    responses={**writing("NOT_FOUND"), **answers(200, examples.CANCELED)},
)
async def cancel_payout(call: Call, payout_id: str) -> Reply:
    """Its money is back in the balance."""
    known = await call.services.payouts.get(call.merchant.id, payout_id)
    canceled, change = call.services.payouts.cancel(known, at=call.now)
    return Reply(200, payout_out(canceled), change)
