"""What is behind a payment link, walked through as a browser without scripts would, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.payer import SHOP, Payer
from tests.api.stripe_dialect.told import told, types_told
from tests.support.gateway import Gateway, GatewayWith
from tests.support.real_card import REAL_CARD
from tests.support.stripe_forms import form

LINKS = "/payment_links"
SESSIONS = "/checkout/sessions"
TEA = {"currency": "usd", "unit_amount": 1_250, "product_data": {"name": "Tea <fine>"}}
DONE = {"type": "redirect", "redirect": {"url": SHOP + "/done?session={CHECKOUT_SESSION_ID}"}}
ONCE = {"completed_sessions": {"limit": 1}}
CHALLENGED = "authenticationRequired"


@pytest.fixture
def gateway(each_gateway: Gateway) -> Gateway:
    """On each database."""
    return each_gateway


async def linked(stripe: Stripe, **more: Any) -> dict[str, Any]:
    """A link that sells two teas."""
    return await stripe.post(LINKS, **{"line_items": [{"price_data": TEA, "quantity": 2}], **more})


async def sessions_of(stripe: Stripe, link: dict[str, Any], *expand: str) -> list[dict[str, Any]]:
    """Those that were opened by it, newest first."""
    found = await stripe.get(SESSIONS, payment_link=link["id"], expand=list(expand))
    sessions: list[dict[str, Any]] = found["data"]
    return sessions


async def pays(payer: Payer, **fields: str) -> None:
    """Send the form that is open."""
    await payer.send(payer.page.form, **{"email": "kim@example.com", **fields})


async def test_each_who_opens_it_gets_a_session_of_their_own(stripe: Stripe, payer: Payer) -> None:
    link = await linked(stripe, metadata={"campaign": "7"}, submit_type="book")
    other = await linked(stripe)
    first = await payer.go(link["url"])
    assert ("Tea <fine>" in first.text, first.form.button) == (True, "Book 25.00 USD")
    await payer.go(link["url"])
    await payer.go(other["url"])

    sessions = await sessions_of(stripe, link, "data.payment_link")
    assert len({each["id"] for each in sessions}) == 2
    for each in sessions:
        assert each["payment_link"] == link
        assert (each["mode"], each["status"], each["metadata"]) == ("payment", "open", {"campaign": "7"})
        assert (each["amount_total"], each["submit_type"]) == (2_500, "book")
        assert (each["success_url"], each["cancel_url"]) == (None, None)
        assert each["expires_at"] == each["created"] + 24 * 60 * 60
    assert payer.at not in [each["url"] for each in sessions]


async def test_who_pays_sees_the_confirmation(stripe: Stripe, payer: Payer) -> None:
    thanks = {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "Thank you <all>"}}
    link = await linked(
        stripe,
        after_completion=thanks,
        payment_intent_data={"description": "Teas", "metadata": {"order": "7"}},
    )
    await payer.go(link["url"])
    at = payer.at
    await pays(payer)
    assert (payer.at, payer.page.forms) == (at, [])
    assert "Thank you <all>" in payer.page.text

    (paid,) = await sessions_of(stripe, link, "data.payment_intent")
    assert (paid["status"], paid["payment_status"], paid["url"]) == ("complete", "paid", None)
    intent = paid["payment_intent"]
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 2_500)
    assert (intent["description"], intent["metadata"]) == ("Teas", {"order": "7"})
    # What was not limited is not counted, and goes on.
    assert await stripe.get(f"{LINKS}/{link['id']}") == link
    assert (await payer.go(link["url"])).form.button == "Pay 25.00 USD"


async def test_who_pays_is_sent_where_the_link_says(stripe: Stripe, payer: Payer) -> None:
    link = await linked(stripe, after_completion=DONE)
    await payer.go(link["url"])
    await pays(payer)
    (paid,) = await sessions_of(stripe, link)
    assert payer.at == f"{SHOP}/done?session={paid['id']}"
    assert paid["success_url"] == DONE["redirect"]["url"]  # type: ignore[index]  # a form's nested fields


async def test_the_bank_may_ask_first(stripe: Stripe, payer: Payer) -> None:
    link = await linked(stripe, restrictions=ONCE)
    await payer.go(link["url"])
    at = payer.at
    await pays(payer, method=CHALLENGED)
    await payer.send(payer.page.form_with("Approve"))
    assert (payer.at, payer.page.forms) == (at, [])
    (paid,) = await sessions_of(stripe, link)
    assert (paid["status"], paid["payment_status"]) == ("complete", "paid")
    assert (await stripe.get(f"{LINKS}/{link['id']}"))["active"] is False


async def test_what_its_payments_are_like_is_said_by_the_link(stripe: Stripe, payer: Payer) -> None:
    link = await linked(
        stripe, payment_intent_data={"capture_method": "manual", "setup_future_usage": "off_session"}
    )
    await payer.go(link["url"])
    await pays(payer)
    (held,) = await sessions_of(stripe, link, "data.payment_intent", "data.customer")
    assert (held["status"], held["payment_status"]) == ("complete", "unpaid")
    assert held["payment_intent"]["status"] == "requires_capture"
    assert held["customer"]["email"] == "kim@example.com"


async def test_money_may_come_later(gateway: Gateway, stripe: Stripe, payer: Payer) -> None:
    line = {"price_data": {**TEA, "currency": "eur"}, "quantity": 1}
    link = await linked(stripe, line_items=[line], payment_method_types=["sepa_debit"], restrictions=ONCE)
    await payer.go(link["url"])
    assert payer.page.form.choices["method"] == ["type:sepa_debit"]
    await pays(payer)
    (paid,) = await sessions_of(stripe, link)
    assert (paid["status"], paid["payment_status"]) == ("complete", "unpaid")
    assert await gateway.tick(timedelta(days=1)) == 1
    (paid,) = await sessions_of(stripe, link)
    assert paid["payment_status"] == "paid"
    counted = (await stripe.get(f"{LINKS}/{link['id']}"))["restrictions"]["completed_sessions"]
    assert counted == {"count": 1, "limit": 1}


async def test_an_inactive_link_says_so(stripe: Stripe, payer: Payer) -> None:
    link = await linked(stripe)
    path = f"{LINKS}/{link['id']}"
    await payer.go(link["url"])
    opened = payer.page
    await stripe.post(path, active=False)
    assert "no longer active" in (await payer.turned_away(link["url"])).text
    await stripe.post(path, inactive_message="Sold out <for good>")
    assert "Sold out <for good>" in (await payer.turned_away(link["url"])).text
    assert len(await sessions_of(stripe, link)) == 1

    # Who has it open already goes on.
    await payer.send(opened.form, email="kim@example.com")
    assert [each["status"] for each in await sessions_of(stripe, link)] == ["complete"]
    await stripe.post(path, active=True)
    assert (await payer.go(link["url"])).form.button == "Pay 25.00 USD"


async def test_a_limit_switches_it_off(gateway: Gateway, stripe: Stripe, payer: Payer) -> None:
    link = await linked(
        stripe, restrictions={"completed_sessions": {"limit": 2}}, inactive_message="Sold out"
    )
    path = f"{LINKS}/{link['id']}"
    await payer.go(link["url"])
    late_at, late = payer.at, payer.page
    for count in (1, 2):
        await payer.go(link["url"])
        await pays(payer)
        now = await stripe.get(path)
        assert (now["active"], now["restrictions"]["completed_sessions"]["count"]) == (count < 2, count)
    used_up = await stripe.get(path)

    assert "Sold out" in (await payer.turned_away(link["url"])).text
    assert "Sold out" in (await payer.turned_away(late_at)).text
    answer = await stripe.client.post(late_at, data={**late.form.fields, "email": "kim@example.com"})
    assert answer.status_code == 410
    assert [each["status"] for each in await sessions_of(stripe, link)] == ["complete", "complete", "open"]

    events = await told(gateway)
    names = [each["type"] for each in events]
    assert names.count("checkout.session.completed") == 2
    assert names[-2:] == ["checkout.session.completed", "payment_link.updated"]
    assert events[-1]["data"] == {
        "object": used_up,
        "previous_attributes": {"active": True, "restrictions": {"completed_sessions": {"count": 1}}},
    }
    error = await stripe.refused("POST", path, active=True)
    assert error["param"] == "active"
    more = await stripe.post(path, active=True, restrictions={"completed_sessions": {"limit": 3}})
    assert (more["active"], more["restrictions"]["completed_sessions"]["count"]) == (True, 2)
    await payer.go(late_at)
    await pays(payer)
    assert (await stripe.get(path))["active"] is False
    free = await stripe.post(path, active=True, restrictions="")
    assert (free["active"], free["restrictions"]) == (True, None)


async def test_a_lower_limit_switches_it_off_too(stripe: Stripe, payer: Payer) -> None:
    link = await linked(stripe, restrictions={"completed_sessions": {"limit": 5}})
    await payer.go(link["url"])
    await pays(payer)
    now = await stripe.post(f"{LINKS}/{link['id']}", restrictions=ONCE)
    assert (now["active"], now["restrictions"]["completed_sessions"]) == (False, {"count": 1, "limit": 1})


async def test_of_those_who_pay_at_once_no_more_get_through_than_may(stripe: Stripe) -> None:
    link = await linked(stripe, restrictions={"completed_sessions": {"limit": 2}})

    async def opened_and_paid() -> httpx.Response:
        answer = await stripe.client.get(link["url"])
        return await stripe.client.post(
            answer.headers["location"], data={"email": "kim@example.com", "method": "visa"}
        )

    answers = await asyncio.gather(*(opened_and_paid() for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [303, 303, 410, 410, 410, 410]
    paid = [each for each in await sessions_of(stripe, link) if each["payment_status"] == "paid"]
    assert len(paid) == 2
    assert len((await stripe.get("/charges"))["data"]) == 2


async def test_who_is_still_at_the_bank_may_be_too_late(stripe: Stripe, payer: Payer) -> None:
    link = await linked(stripe, restrictions=ONCE)
    await payer.go(link["url"])
    await pays(payer, method=CHALLENGED)
    at_bank, bank = payer.at, payer.page
    await payer.go(link["url"])
    await pays(payer)

    payer.at = at_bank
    page = await payer.send(bank.form_with("Approve"))
    assert "nothing left to do" in page.text
    quick, late = await sessions_of(stripe, link, "data.payment_intent")
    assert (quick["status"], late["status"]) == ("complete", "open")
    assert late["payment_intent"]["status"] == "requires_action"


async def test_what_costs_nothing_counts_too(stripe: Stripe, payer: Payer) -> None:
    line = {"price_data": {**TEA, "unit_amount": 0}, "quantity": 1}
    link = await linked(stripe, line_items=[line], restrictions=ONCE)
    await payer.go(link["url"])
    await pays(payer)
    assert "This is done" in payer.page.text
    assert (await stripe.get(f"{LINKS}/{link['id']}"))["active"] is False


async def test_its_address_may_say_who_comes(stripe: Stripe, payer: Payer) -> None:
    link = await linked(stripe, after_completion=DONE)
    said = "client_reference_id=cart-7&prefilled_email=lee%40example.com&utm_source=mail&utm_term=a%20b"
    page = await payer.go(f"{link['url']}?{said}&else=1")
    assert page.form.fields["email"] == "lee@example.com"
    await pays(payer)
    (paid,) = await sessions_of(stripe, link)
    assert paid["client_reference_id"] == "cart-7"
    assert paid["customer_details"]["email"] == "kim@example.com"
    assert payer.at == f"{SHOP}/done?session={paid['id']}&utm_source=mail"

    await payer.go(f"{link['url']}?utm_source={REAL_CARD}")
    await pays(payer)
    assert payer.at.endswith(f"&utm_source=%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A{REAL_CARD[-4:]}")

    await payer.go(f"{link['url']}?locked_prefilled_email=lee@example.com")
    await pays(payer)
    assert (await sessions_of(stripe, link))[0]["customer_details"]["email"] == "lee@example.com"


@pytest.mark.parametrize(
    "query",
    [
        "client_reference_id=a%20b&prefilled_email=nobody&utm_source=%C3%A9",
        "client_reference_id=" + "a" * 201,
        "prefilled_email=" + "a" * 600 + "@b",
        "&".join(["a=1"] * 99),
        "%ff=%ff&client_reference_id=%ff&=&&",
    ],
)
async def test_what_it_says_in_a_wrong_form_is_left_out(stripe: Stripe, payer: Payer, query: str) -> None:
    link = await linked(stripe)
    page = await payer.go(f"{link['url']}?{query}")
    assert page.form.fields["email"] == ""
    (opened,) = await sessions_of(stripe, link)
    assert (opened["client_reference_id"], opened["customer_email"]) == (None, None)


async def test_who_only_looks_opens_nothing(stripe: Stripe) -> None:
    link = await linked(stripe)
    answer = await stripe.client.head(link["url"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert await sessions_of(stripe, link) == []
    await stripe.post(f"{LINKS}/{link['id']}", active=False)
    assert (await stripe.client.head(link["url"])).status_code == 410


async def test_other_links_are_not_there(stripe: Stripe) -> None:
    link = await linked(stripe)
    for path in ("plink_none", link["id"][:-2] + "00", "cs_test_1"):
        answer = await stripe.client.get(f"/stripe/links/{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "resource_missing")
    assert (await stripe.client.post(link["url"])).status_code in (404, 405)


async def test_it_is_not_opened_without_end(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(rate_limit_requests=2, rate_limit_window_seconds=60)
    headers = {"Authorization": "Bearer sk_test_of_this_test"}
    transport = httpx.ASGITransport(gateway.joined.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        fields = form({"line_items": [{"price_data": TEA, "quantity": 1}]})
        link = (await client.post("/v1/payment_links", data=fields, headers=headers)).json()
        statuses = [(await client.get(link["url"])).status_code for _ in range(3)]
        refused = await client.get(link["url"])
        listed = await client.get("/v1/checkout/sessions", headers=headers)

    assert statuses == [303, 303, 429]
    assert (refused.headers["retry-after"], refused.json()["error"]["code"]) == ("30", "rate_limit")
    # The merchant's own requests are counted apart.
    assert len(listed.json()["data"]) == 2


async def test_events_tell_of_a_session_of_a_link(gateway: Gateway, stripe: Stripe, payer: Payer) -> None:
    link = await linked(stripe, restrictions=ONCE)
    await payer.go(link["url"])
    await pays(payer)
    await payer.turned_away(link["url"])

    events = await told(gateway)
    assert [each["type"] for each in events][:3] == [
        "product.created",
        "price.created",
        "payment_link.created",
    ]
    (completed,) = [each for each in events if each["type"] == "checkout.session.completed"]
    assert completed["data"]["object"] == (await sessions_of(stripe, link))[0]
    if stripe.judge is not None:
        assert [stripe.judge.event_problems(each) for each in events] == [[]] * len(events)


async def test_what_nobody_pays_expires(gateway: Gateway, stripe: Stripe, payer: Payer) -> None:
    link = await linked(stripe)
    await payer.go(link["url"])
    assert await gateway.tick(timedelta(days=1)) == 1
    (opened,) = await sessions_of(stripe, link)
    assert opened["status"] == "expired"
    assert (await types_told(gateway))[-1] == "checkout.session.expired"
