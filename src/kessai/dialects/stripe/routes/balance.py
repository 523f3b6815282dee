"""The balance and what moves it: /v1/balance, /v1/balance_transactions, and older, /v1/balance/history.

Source: Stripe API reference, "Balance" and "Balance Transactions", read 2026-11-20.
"""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.amounts import currency_of
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing
from kessai.dialects.stripe.kinds import KINDS, find
from kessai.dialects.stripe.objects.balance import balance
from kessai.dialects.stripe.objects.balance_transaction import balance_transaction as shown
from kessai.dialects.stripe.objects.balance_transaction import type_of
from kessai.dialects.stripe.paging import PAGED, created_of, cursors_of, limit_of, page_of
from kessai.domain.entry import Entry, Place
from kessai.http.call import Call
from kessai.storage.places import Span

routes: Final = StripeRoutes()
_FILTERS: Final = f"{PAGED} created currency source type payout"
_KIND: Final = "balance_transaction"
_URL: Final = "/v1/balance_transactions"
"""Where lists go on, by the older path too."""
_SOURCES: Final = ("charge", "refund", "dispute", "payout")


@routes.get("/v1/balance")
async def retrieve_balance(call: Call, given: Given) -> Result:
    """What there is."""
    holdings = await call.services.balances.holdings(call.merchant.id, at=call.now)
    return Result(balance(holdings, call.merchant.default_currency))


@routes.get("/v1/balance/history/{id}")
async def retrieve_history(call: Call, given: Given, id: str) -> Result:  # noqa: A002 - the path's name
    """A balance transaction, by its older path."""
    return Result(await _one(call, id))


@routes.get("/v1/balance_transactions/{id}")
async def retrieve_balance_transaction(
    call: Call,
    given: Given,
    id: str,  # noqa: A002 - the path's name
) -> Result:
    """A balance transaction."""
    return Result(await _one(call, id))


@routes.get("/v1/balance/history", _FILTERS)
async def list_history(call: Call, given: Given) -> Result:
    """Newest first, by the older path."""
    return await _listed(call, given)


@routes.get("/v1/balance_transactions", _FILTERS)
async def list_balance_transactions(call: Call, given: Given) -> Result:
    """Newest first."""
    return await _listed(call, given)


async def _one(call: Call, entry_id: str) -> dict[str, object]:
    found: Entry | None = await find(call, _KIND, entry_id)
    if found is None:
        raise missing("balance transaction", entry_id, param="id", status=404)
    return shown(found)


async def _listed(call: Call, given: Given) -> Result:
    if given.get("payout"):
        await _refuse_payout(call, given["payout"])
    limit = limit_of(given)
    older_than, newer_than = cursors_of(given)
    span = Span(
        before=await _place(call, older_than, "starting_after"),
        after=await _place(call, newer_than, "ending_before"),
        **created_of(given.get("created")),
    )
    currency = currency_of(given["currency"]) if given.get("currency") else None
    kind = given.get("type")
    source_id = await _source_id(call, given["source"]) if given.get("source") else None

    def is_wanted(entry: Entry) -> bool:
        return currency in (None, entry.currency) and kind in (None, type_of(entry))

    if source_id is None:
        found = await call.services.balances.list(
            call.merchant.id, span, limit=limit, at=call.now, where=is_wanted
        )
    else:
        low, high = span.bounds
        of_source = await call.services.balances.of_source(call.merchant.id, source_id, at=call.now)
        found = [each for each in of_source if low < each.place < high and is_wanted(each)]
    return Result(page_of(call, given, _URL, _KIND, found))


async def _place(call: Call, entry_id: str | None, param: str) -> Place | None:
    if not entry_id:
        return None
    found: Entry | None = await find(call, _KIND, entry_id)
    if found is None:
        raise missing("balance transaction", entry_id, param=param)
    return found.place


async def _source_id(call: Call, source: str) -> str:
    for kind in _SOURCES:
        if KINDS[kind].core_id(source) is not None:
            found = await find(call, kind, source)
            if found is not None:
                return str(found.id)
    raise missing("source", source, param="source")


async def _refuse_payout(call: Call, payout: str) -> None:
    """No payout here is automatic, and only of those it is known what they pay out."""
    if await find(call, "payout", payout) is None:
        raise missing("payout", payout, param="payout")
    raise StripeError(
        "Balance transactions can be listed by automatic payouts only, and this one was made by request.",
        param="payout",
    )
