"""Webhook endpoints of the Stripe API: made, changed, listed, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from kessai.domain.endpoint import ENDPOINTS_MAX
from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway

ENDPOINTS = "/webhook_endpoints"
URL = "http://receiver.test/webhooks"
OTHER = {"Authorization": "Bearer sk_test_of_somebody_else"}


async def made_endpoint(stripe: Stripe, **parameters: Any) -> dict[str, Any]:
    """A new endpoint, with its secret."""
    return await stripe.post(ENDPOINTS, **{"url": URL, "enabled_events": ["*"], **parameters})


async def test_an_endpoint_is_made_with_a_secret_that_is_shown_once(stripe: Stripe) -> None:
    made = await made_endpoint(
        stripe,
        enabled_events=["charge.succeeded", "invoice.paid", "charge.succeeded"],
        description="Ours",
        metadata={"team": "shop"},
        api_version="2024-06-20",
        connect=False,
    )

    assert made.pop("secret").startswith("whsec_")
    assert made["id"].startswith("we_")
    assert made["enabled_events"] == ["charge.succeeded", "invoice.paid"]
    assert (made["status"], made["url"], made["description"]) == ("enabled", URL, "Ours")
    assert (made["metadata"], made["api_version"]) == ({"team": "shop"}, "2024-06-20")
    assert await stripe.get(f"{ENDPOINTS}/{made['id']}") == made


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"enabled_events": ["charge.lost"]}, "enabled_events[0]"),
        ({"enabled_events": ["charge.succeeded", ""]}, "enabled_events[1]"),
        ({"enabled_events": ["payment.succeeded"]}, "enabled_events[0]"),
        ({"enabled_events": ""}, "enabled_events"),
        ({"url": ""}, "url"),
        ({"url": "receiver"}, "url"),
        ({"url": "ftp://receiver.test/"}, "url"),
        ({"url": "http://" + "a" * 3_000}, "url"),
        ({"api_version": "1999-01-01"}, "api_version"),
        ({"api_version": "2019-05-17"}, "api_version"),
        ({"api_version": "2026-13-01.endive"}, "api_version"),
        ({"api_version": "2027-01-01"}, "api_version"),
        ({"api_version": "newest"}, "api_version"),
        ({"api_version": ""}, "api_version"),
        ({"connect": True}, "connect"),
        ({"connect": "maybe"}, "connect"),
        ({"description": "x" * 501}, "description"),
        ({"metadata": "x"}, "metadata"),
        ({"secret": "whsec_mine"}, "secret"),
    ],
)
async def test_what_cannot_be_an_endpoint_is_refused(
    stripe: Stripe, parameters: dict[str, Any], param: str
) -> None:
    wanted = {"url": URL, "enabled_events": ["*"], **parameters}

    error = await stripe.refused("POST", ENDPOINTS, **wanted)

    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert (await stripe.get(ENDPOINTS))["data"] == []


@pytest.mark.parametrize("missing", ["url", "enabled_events"])
async def test_what_an_endpoint_needs(stripe: Stripe, missing: str) -> None:
    wanted = {"url": URL, "enabled_events": ["*"]}
    del wanted[missing]

    assert (await stripe.refused("POST", ENDPOINTS, **wanted))["code"] == "parameter_missing"


async def test_an_endpoint_is_changed(stripe: Stripe) -> None:
    made = await made_endpoint(stripe, metadata={"a": "1", "b": "2"}, description="Old")
    at = f"{ENDPOINTS}/{made['id']}"

    changed = await stripe.post(
        at,
        url="http://other.test/",
        enabled_events=["refund.created"],
        metadata={"a": "", "c": "3"},
        disabled=True,
    )

    assert "secret" not in changed
    assert (changed["url"], changed["enabled_events"]) == ("http://other.test/", ["refund.created"])
    assert (changed["metadata"], changed["status"]) == ({"b": "2", "c": "3"}, "disabled")
    assert changed["description"] == "Old"
    assert (await stripe.post(at, disabled=False))["status"] == "enabled"
    assert (await stripe.post(at, description=""))["description"] is None
    assert (await stripe.post(at, metadata=""))["metadata"] == {}
    assert (await stripe.refused("POST", at, url="nowhere"))["param"] == "url"
    assert (await stripe.refused("POST", at, enabled_events=["x"]))["param"] == "enabled_events[0]"


async def test_a_deleted_endpoint_is_gone(stripe: Stripe) -> None:
    made = await made_endpoint(stripe)
    at = f"{ENDPOINTS}/{made['id']}"

    assert await stripe.delete(at) == {"id": made["id"], "object": "webhook_endpoint", "deleted": True}

    await stripe.refused("GET", at, 404)
    await stripe.refused("POST", at, 404, disabled=True)
    await stripe.refused("DELETE", at, 404)
    assert (await stripe.get(ENDPOINTS))["data"] == []


async def test_endpoints_are_listed_both_ways(stripe: Stripe) -> None:
    ids = [(await made_endpoint(stripe))["id"] for _ in range(4)][::-1]

    async def page(**parameters: Any) -> tuple[list[str], bool]:
        found = await stripe.get(ENDPOINTS, **parameters)
        return [each["id"] for each in found["data"]], found["has_more"]

    assert await page() == (ids, False)
    assert await page(limit=3) == (ids[:3], True)
    assert await page(limit=2, starting_after=ids[0]) == (ids[1:3], True)
    assert await page(limit=2, starting_after=ids[1]) == (ids[2:], False)
    assert await page(limit=2, ending_before=ids[3]) == (ids[1:3], True)
    assert await page(limit=3, ending_before=ids[3]) == (ids[:3], False)
    assert await page(limit=2, ending_before=ids[0]) == ([], False)
    assert (await stripe.refused("GET", ENDPOINTS, starting_after="we_none"))["param"] == "starting_after"


async def test_there_are_only_so_many(stripe: Stripe) -> None:
    for _ in range(ENDPOINTS_MAX):
        await made_endpoint(stripe)

    error = await stripe.refused("POST", ENDPOINTS, url=URL, enabled_events=["*"])

    assert str(ENDPOINTS_MAX) in error["message"]


@pytest.mark.parametrize("endpoint_id", ["we_none", "cus_1", "%20", "we_" + "0" * 24])
async def test_an_unknown_endpoint_is_missing(stripe: Stripe, endpoint_id: str) -> None:
    assert (await stripe.refused("GET", f"{ENDPOINTS}/{endpoint_id}", 404))["code"] == "resource_missing"


async def test_another_merchants_endpoint_is_unknown(stripe: Stripe) -> None:
    made = await made_endpoint(stripe)
    at = f"{ENDPOINTS}/{made['id']}"

    await stripe.refused("GET", at, 404, headers=OTHER)
    await stripe.refused("POST", at, 404, disabled=True, headers=OTHER)
    await stripe.refused("DELETE", at, 404, headers=OTHER)
    assert (await stripe.get(ENDPOINTS, headers=OTHER))["data"] == []


async def test_each_api_lists_its_own_endpoints(gateway: Gateway, stripe: Stripe) -> None:
    stripe.client.headers["Authorization"] = gateway.client.headers["Authorization"]
    native = (await gateway.client.post("/webhooks/endpoints", json={"url": URL})).json()
    made = await made_endpoint(stripe)

    assert [each["id"] for each in (await stripe.get(ENDPOINTS))["data"]] == [made["id"]]
    listed = (await gateway.client.get("/webhooks/endpoints")).json()["data"]
    assert [each["id"] for each in listed] == [native["id"]]
