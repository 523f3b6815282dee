"""The balance and its entries: what can be asked, declared; the exchange runs it."""

from __future__ import annotations

from typing import Annotated, Final

from kessai.dialects.native import money_examples as examples
from kessai.dialects.native.errors import reading
from kessai.dialects.native.examples import answers, page_of
from kessai.dialects.native.money_schemas import BalanceOut, EntryPage, EntryQuery
from kessai.dialects.native.money_translate import balance_out, entry_out
from kessai.dialects.native.paging import decode_cursor, not_a_cursor, page_after
from kessai.domain.entry import Entry, Place
from kessai.domain.errors import NotFoundError
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router
from kessai.storage.places import Span

router: Final = Router(tags=["balance"])


@router.get(
    "/balance",
    operation_id="get_balance",
    summary="What there is",
    response_model=BalanceOut,
    responses={**reading(), **answers(200, examples.BALANCE)},
)
async def get_balance(call: Call) -> Reply:
    """By currency. `available` can be paid out; `pending` becomes available two days after its capture."""
    holdings = await call.services.balances.holdings(call.merchant.id, at=call.now)
    return Reply(200, balance_out(holdings, call.merchant.default_currency))


@router.get(
    "/balance/entries",
    operation_id="list_balance_entries",
    summary="List what moved the balance, newest first",
    response_model=EntryPage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.ENTRY))},
)
async def list_balance_entries(call: Call, query: Annotated[EntryQuery, Query()]) -> Reply:
    """Any combination of filters; follow `next_cursor` for more. All of them add up to the balance.

    A page looks at no more than 20,000 entries, and may be short or empty while `has_more` is true.
    """
    span = Span(
        created_from=query.created_from,
        created_to=query.created_to,
        before=await _place(call, decode_cursor(query.cursor)),
    )

    def is_wanted(entry: Entry) -> bool:
        return query.type in (None, entry.kind) and query.currency in (None, entry.currency)

    found = await call.services.balances.page(
        call.merchant.id,
        span,
        limit=query.limit,
        at=call.now,
        where=is_wanted,
        payment_id=query.payment_id,
    )
    return Reply(200, page_after(found.found, found.last, entry_out))


async def _place(call: Call, entry_id: str | None) -> Place | None:
    if entry_id is None:
        return None
    try:
        return (await call.services.balances.get(call.merchant.id, entry_id, at=call.now)).place
    except NotFoundError:
        raise not_a_cursor() from None
