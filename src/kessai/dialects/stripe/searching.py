"""Search: `query`, looked up at once among what there is, the newest first.

Source: Stripe, "Search", read 2026-11-20. The original lags up to a minute behind; here nothing does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError
from kessai.dialects.stripe.kinds import KINDS
from kessai.dialects.stripe.paging import limit_of
from kessai.dialects.stripe.search import FIELDS, SearchError, parse
from kessai.dialects.stripe.shape import Object
from kessai.http.call import Call
from kessai.storage.scanning import Wanted

SEARCHED: Final = "query limit page"
"""The parameters that every search has."""

List = Callable[..., Awaitable[Sequence[Any]]]


async def search_page(call: Call, given: Given, kind: str, find_all: List) -> Object:
    """A page of what a query finds; `find_all` is the list of a use case.

    Raises:
        StripeError: the query cannot be read, or the page is none.
    """
    public_url, limit = call.services.public_url, limit_of(given, least=1)
    known = KINDS[kind]
    try:
        predicate = parse(given["query"], FIELDS[kind])
    except SearchError as error:
        raise StripeError(error.message, param="query") from None
    page = given.get("page")
    before = None if page is None else known.core_id(page)
    if page is not None and before is None:
        raise StripeError("The page is not one that a search gave as next_page.", param="page")
    found = await find_all(
        call.merchant.id,
        Wanted(before=before),
        limit=limit,
        where=lambda each: predicate.matches(known.render(each, public_url)),
    )
    shown = [known.render(each, public_url) for each in found[:limit]]
    has_more = len(found) > limit
    return {
        "object": "search_result",
        "data": shown,
        "has_more": has_more,
        "next_page": shown[-1]["id"] if has_more else None,
        "url": f"/v1/{kind}s/search",
    }
