"""The account of whoever asks: /v1/account, /v1/accounts. There are no connected ones.

Source: Stripe API reference, "Accounts", read 2026-11-20.
"""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, repeated
from kessai.dialects.stripe.objects.account import account as shown
from kessai.dialects.stripe.objects.account import account_id
from kessai.dialects.stripe.paging import PAGED, cursors_of, limit_of
from kessai.dialects.stripe.shape import list_object
from kessai.http.call import Call

routes: Final = StripeRoutes()


@routes.get("/v1/account")
async def retrieve_own_account(call: Call, given: Given) -> Result:
    """Who asks."""
    return Result(shown(call.merchant, call.key))


@routes.get("/v1/accounts/{account}")
async def retrieve_account(call: Call, given: Given, account: str) -> Result:
    """Who asks, by id."""
    _require_own(call, account)
    return Result(shown(call.merchant, call.key))


@routes.get("/v1/accounts", f"{PAGED} created")
async def list_accounts(call: Call, given: Given) -> Result:
    """None: this lists the accounts that are connected to one."""
    _require_empty(given)
    return Result(list_object("/v1/accounts", [], has_more=False))


@routes.get("/v1/accounts/{account}/external_accounts", f"{PAGED} object")
async def list_external_accounts(call: Call, given: Given, account: str) -> Result:
    """None: where payouts go to is not simulated."""
    _require_own(call, account)
    _require_empty(given)
    return Result(list_object(f"/v1/accounts/{account}/external_accounts", [], has_more=False))


def _require_own(call: Call, account: str) -> None:
    if account != account_id(call.merchant, call.key):
        raise StripeError(
            f"This key has no access to the account '{repeated(account)}', or there is no such account.",
            code="account_invalid",
            status=403,
        )


def _require_empty(given: Given) -> None:
    """A list of nothing has pages too, and no place to begin one at."""
    limit_of(given)
    for param, cursor in zip(("starting_after", "ending_before"), cursors_of(given), strict=True):
        if cursor:
            raise StripeError(f"No such account: '{repeated(cursor)}'", param=param, code="resource_missing")
