"""Pages of the Stripe API's lists: `limit`, `starting_after`, `ending_before`, `created`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError, missing
from kessai.dialects.stripe.kinds import KINDS, find
from kessai.dialects.stripe.shape import Object, list_object, moment
from kessai.http.call import Call
from kessai.storage.scanning import Wanted

T = TypeVar("T")

LIMIT_DEFAULT: Final = 10
LIMIT_MAX: Final = 100
PAGED: Final = "limit starting_after ending_before"
"""The parameters that every list has."""
_SECOND: Final = timedelta(seconds=1)


def limit_of(given: Given, *, least: int = 0) -> int:
    """How many a page has. None is a page too: spree_stripe asks for it to see whether a key is good.

    Raises:
        StripeError: out of range.
    """
    limit: int = given.get("limit", LIMIT_DEFAULT)
    if least <= limit <= LIMIT_MAX:
        return limit
    bound = f"greater than or equal to {least}" if limit < least else f"less than or equal to {LIMIT_MAX}"
    raise StripeError(f"This value must be {bound}.", param="limit", code="parameter_invalid_integer")


def shown_of(found: Sequence[T], limit: int, *, is_backward: bool) -> Sequence[T]:
    """The page in what was found, which may be one too many.

    Of a page that ends before a cursor that one is the newest, at its beginning.
    """
    return found[max(len(found) - limit, 0) :] if is_backward else found[:limit]


async def wanted_of(call: Call, given: Given, kind: str, **narrowed: Any) -> Wanted:
    """Where a list begins, and what it is narrowed by besides.

    Raises:
        StripeError: both cursors, or one that is nothing of this kind.
    """
    after, before = cursors_of(given)
    # "Starting after" in a list that is newest first is what is older.
    return Wanted(
        before=await _id_of(call, after, kind, "starting_after"),
        after=await _id_of(call, before, kind, "ending_before"),
        **created_of(given.get("created")),
        **narrowed,
    )


def cursors_of(given: Given) -> tuple[str | None, str | None]:
    """`starting_after` and `ending_before`.

    Raises:
        StripeError: both are given.
    """
    after, before = given.get("starting_after"), given.get("ending_before")
    if after and before:
        raise StripeError(
            "You cannot parameterize both starting_after and ending_before.", param="starting_after"
        )
    return after, before


def created_of(created: Any) -> dict[str, Any]:
    """The bounds that `created` gives, a moment or a range of moments."""
    if created is None:
        return {}
    if isinstance(created, int):
        return {"created_from": moment(created), "created_to": moment(created) + _SECOND}
    first = [moment(created["gte"])] if "gte" in created else []
    first += [moment(created["gt"]) + _SECOND] if "gt" in created else []
    last = [moment(created["lt"])] if "lt" in created else []
    last += [moment(created["lte"]) + _SECOND] if "lte" in created else []
    return {
        "created_from": max(first) if first else None,
        "created_to": min(last) if last else None,
    }


def page_of(call: Call, given: Given, url: str, kind: str, found: Sequence[Any]) -> Object:
    """The page that was found, of which one more was asked for. `url` is the list's own."""
    render, limit = KINDS[kind].render, limit_of(given)
    shown = shown_of(found, limit, is_backward=bool(given.get("ending_before")))
    data = [render(each, call.services.public_url) for each in shown]
    return list_object(url, data, has_more=len(found) > limit)


async def id_of(call: Call, given: Given, kind: str) -> str | None:
    """The core's id of what a list is narrowed by; None when it is not.

    Raises:
        StripeError: there is no such thing.
    """
    return await _id_of(call, given.get(kind), kind, kind)


async def _id_of(call: Call, object_id: str | None, kind: str, param: str) -> str | None:
    if not object_id:
        return None
    found = await find(call, kind, object_id)
    if found is None:
        raise missing(kind, object_id, param=param)
    return str(found.id)
