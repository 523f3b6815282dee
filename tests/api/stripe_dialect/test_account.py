"""The account of whoever asks, over the wire, in process."""

from __future__ import annotations

import pytest

from tests.api.stripe_dialect.conftest import Stripe


async def test_who_asks(stripe: Stripe) -> None:
    account = await stripe.get("/account")

    assert (account["object"], account["type"], account["default_currency"]) == ("account", "standard", "usd")
    assert account["charges_enabled"]
    assert account["payouts_enabled"]
    assert account["details_submitted"]
    assert account["id"].startswith("acct_")
    assert await stripe.get(f"/accounts/{account['id']}") == account


async def test_a_named_account_is_one_of_its_own(stripe: Stripe) -> None:
    await stripe.paid()
    own = await stripe.get("/account")
    headers = {"Stripe-Account": "acct_connected1"}

    named = await stripe.get("/account", headers=headers)

    assert named["id"] == "acct_connected1"
    assert (await stripe.get("/charges", headers=headers))["data"] == []
    error = await stripe.refused("GET", f"/accounts/{own['id']}", 403, headers=headers)
    assert error["code"] == "account_invalid"


async def test_ones_own_account_may_be_named(stripe: Stripe) -> None:
    intent = await stripe.paid()
    own = await stripe.get("/account")
    headers = {"Stripe-Account": own["id"]}

    assert await stripe.get("/account", headers=headers) == own
    [charge] = (await stripe.get("/charges", headers=headers))["data"]
    assert charge["id"] == intent["latest_charge"]


@pytest.mark.parametrize("account", ["acct_nope", "acct_0123456789abcdefghijklmn", "ch_1"])
async def test_no_account_of_others(stripe: Stripe, account: str) -> None:
    for path in (f"/accounts/{account}", f"/accounts/{account}/external_accounts"):
        error = await stripe.refused("GET", path, 403)
        assert error["code"] == "account_invalid"


async def test_nothing_is_connected(stripe: Stripe) -> None:
    own = await stripe.get("/account")

    assert (await stripe.get("/accounts"))["data"] == []
    assert (await stripe.get(f"/accounts/{own['id']}/external_accounts"))["data"] == []
    await stripe.refused("GET", "/accounts", limit=-1)
    await stripe.refused("GET", "/accounts", starting_after="acct_nope")
    refused = await stripe.refused("POST", "/accounts", type="express")
    assert "not simulated" in refused["message"]
