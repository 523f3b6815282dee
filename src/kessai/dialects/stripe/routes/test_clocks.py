"""Test clocks: /v1/test_helpers/test_clocks. Source: Stripe API reference, "Test Clocks", read 2026-11-26.

A clock is kept, moves forward only, gives its customers the time they were made at, and takes them with it
when it is deleted. It moves nothing that falls due: holds expire and pending payments settle by the gateway's
own clock, and of what the original moves by one, subscriptions and invoices, there is nothing here.
"""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, repeated
from kessai.dialects.stripe.facts import masked
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.clock import clock as shown
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.shape import deleted, moment
from kessai.domain.errors import InvalidFieldError
from kessai.domain.test_clock import TestClock
from kessai.http.call import Call

routes: Final = StripeRoutes()
_URL: Final = "/v1/test_helpers/test_clocks"
_TIME_MAX: Final = 32_503_680_000
"""The year 3000, so that what is counted from there has a date as well."""


@routes.post(_URL, "frozen_time name")
async def create_test_clock(call: Call, given: Given) -> Result:
    """A clock that stands at `frozen_time`."""
    frozen_at = moment(_checked(given["frozen_time"]))
    made, change = call.services.test_clocks.create(
        call.merchant.id, frozen_at, masked(given.get("name")), at=call.now
    )
    return Result(shown(made), change)


@routes.get(f"{_URL}/{{test_clock}}")
async def retrieve_test_clock(call: Call, given: Given, test_clock: str) -> Result:
    """A clock that was not deleted."""
    return Result(shown(await found_clock(call, test_clock, status=404)))


@routes.post(f"{_URL}/{{test_clock}}/advance", "frozen_time")
async def advance_test_clock(call: Call, given: Given, test_clock: str) -> Result:
    """Move it forward: the answer is `advancing`, and whoever asks next finds it `ready`."""
    known = await found_clock(call, test_clock, status=404)
    to = moment(_checked(given["frozen_time"]))
    try:
        moved, change = call.services.test_clocks.advance(known, to, at=call.now)
    except InvalidFieldError:
        raise StripeError(
            "The frozen_time must be after the test clock's current frozen_time.", param="frozen_time"
        ) from None
    return Result(shown(moved), change)


@routes.delete(f"{_URL}/{{test_clock}}")
async def delete_test_clock(call: Call, given: Given, test_clock: str) -> Result:
    """Forget it and its customers."""
    known = await found_clock(call, test_clock, status=404)
    change = await call.services.test_clocks.delete(known, at=call.now)
    return Result(deleted("test_helpers.test_clock", encode("clock", known.id)), change)


@routes.get(_URL, PAGED)
async def list_test_clocks(call: Call, given: Given) -> Result:
    """Newest first."""
    wanted = await wanted_of(call, given, "test_helpers.test_clock")
    found = await call.services.test_clocks.list(call.merchant.id, wanted, limit=limit_of(given))
    return Result(page_of(call, given, _URL, "test_helpers.test_clock", found))


async def found_clock(call: Call, clock_id: str, *, status: int = 400) -> TestClock:
    """A clock of the merchant's.

    Raises:
        StripeError: there is none.
    """
    found: TestClock | None = await find(call, "test_helpers.test_clock", clock_id)
    if found is None:
        raise StripeError(
            f"No such test clock: '{repeated(clock_id)}'",
            param="test_clock",
            code="resource_missing",
            status=status,
        )
    return found


def _checked(frozen_time: int) -> int:
    if not 0 < frozen_time <= _TIME_MAX:
        raise StripeError("Invalid timestamp: has to be between 1970 and 3000.", param="frozen_time")
    return frozen_time
