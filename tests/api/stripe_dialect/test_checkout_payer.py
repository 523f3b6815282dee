"""What a payer is asked on the page of a Checkout session, and what is kept of their answers."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.payer import SHOP, Payer
from tests.api.stripe_dialect.told import types_told
from tests.support.gateway import Gateway
from tests.support.real_card import REAL_CARD

SESSIONS: Final = "/checkout/sessions"
TEA: Final = {"currency": "usd", "unit_amount": 1_250, "product_data": {"name": "Tea"}}
HOME: Final = {
    "city": "South San Francisco",
    "country": "US",
    "line1": "354 Oyster Point Blvd",
    "line2": None,
    "postal_code": "94107",
    "state": "CA",
}
BERLIN: Final = {
    "city": "Berlin",
    "country": "DE",
    "line1": "Unter den Linden 1",
    "line2": None,
    "postal_code": "10117",
    "state": None,
}
SENT: Final = {"shipping_address_collection": {"allowed_countries": ["DE", "US"]}}
LEAST: Final = {"email": "kim@example.com", "method": "visa"}
DECLINED: Final = "visa_chargeDeclinedInsufficientFunds"


async def opened(stripe: Stripe, **more: Any) -> dict[str, Any]:
    """A session for two teas."""
    lines = [{"price_data": TEA, "quantity": 2}]
    wanted = {"mode": "payment", "success_url": SHOP + "/done", "line_items": lines}
    return await stripe.post(SESSIONS, **{**wanted, **more})


async def posted(stripe: Stripe, session: dict[str, Any], **fields: str) -> dict[str, Any]:
    """The session after its form was sent with no other fields than these."""
    answer = await stripe.client.post(f"/stripe/checkout/{session['id']}", data=fields)
    assert answer.status_code == 303, answer.text
    return await shown(stripe, session)


async def shown(stripe: Stripe, session: dict[str, Any], *expand: str) -> dict[str, Any]:
    """The session as it stands now."""
    return await stripe.get(f"{SESSIONS}/{session['id']}", expand=list(expand))


def written(address: dict[str, str | None]) -> dict[str, str]:
    """An address as the fields of the form."""
    return {name: each or "" for name, each in address.items() if name != "line2"}


async def test_a_card_has_a_payer_whatever_the_form_says(stripe: Stripe) -> None:
    paid = await posted(stripe, await opened(stripe), **LEAST)
    nowhere = dict.fromkeys(HOME)
    billed = {**nowhere, "country": "US", "postal_code": "94107"}
    assert paid["customer_details"] == {
        "address": billed,
        "business_name": None,
        "email": "kim@example.com",
        "individual_name": None,
        "name": "Test Payer",
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    assert paid["collected_information"]["shipping_details"] is None
    intent = await stripe.get(f"/payment_intents/{paid['payment_intent']}", expand=["latest_charge"])
    billing = intent["latest_charge"]["billing_details"]
    assert (billing["name"], billing["address"]) == ("Test Payer", billed)


async def test_the_form_has_a_field_for_each_thing_that_is_asked(stripe: Stripe, payer: Payer) -> None:
    plain = await payer.go((await opened(stripe))["url"])
    assert set(plain.form.fields) == {"email", "name", "method"}

    asking = {"billing_address_collection": "required", "phone_number_collection": {"enabled": True}}
    session = await opened(stripe, **asking)
    assert session["phone_number_collection"] == {"enabled": True}
    page = await payer.go(session["url"])
    assert set(page.form.fields) == {"email", "name", "phone", "method", *written(HOME)}

    await payer.send(page.form, email="kim@example.com", name="Kim", phone="+4930123", **written(BERLIN))
    paid = await shown(stripe, session, "payment_intent.payment_method")
    details = paid["customer_details"]
    assert (details["name"], details["phone"], details["address"]) == ("Kim", "+4930123", BERLIN)
    billing = paid["payment_intent"]["payment_method"]["billing_details"]
    assert (billing["name"], billing["phone"], billing["address"]) == ("Kim", "+4930123", BERLIN)


async def test_what_is_not_sent_has_a_usual_answer(stripe: Stripe) -> None:
    session = await opened(stripe, phone_number_collection={"enabled": True}, **SENT)
    assert session["shipping_address_collection"] == SENT["shipping_address_collection"]
    paid = await posted(stripe, session, **LEAST)
    assert (paid["customer_details"]["address"], paid["customer_details"]["phone"]) == (HOME, "+14155550132")
    assert paid["collected_information"]["shipping_details"] == {"address": HOME, "name": "Test Payer"}
    intent = await stripe.get(f"/payment_intents/{paid['payment_intent']}", expand=["latest_charge"])
    assert (intent["shipping"]["address"], intent["shipping"]["phone"]) == (HOME, "+14155550132")
    assert intent["latest_charge"]["shipping"] == intent["shipping"]


async def test_the_usual_address_is_where_goods_are_sent(stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe, shipping_address_collection={"allowed_countries": ["DE", "AT"]})
    page = await payer.go(session["url"])
    assert page.form.choices["country"] == ["DE", "AT"]
    for country, reason in (("US", "Nothing is sent to US"), ("Austria", "two letters")):
        page = await payer.send(page.form, email="kim@example.com", country=country)
        assert reason in page.alert
    paid = await posted(stripe, session, **LEAST, country="at")
    address = paid["collected_information"]["shipping_details"]["address"]
    assert (address["country"], bool(address["line1"])) == ("AT", True)


async def test_what_was_written_is_there_again_after_a_decline(stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe, **SENT)
    page = await payer.go(session["url"])
    fields = {"name": "Kim", **written(BERLIN)}
    page = await payer.send(page.form, email="kim@example.com", method=DECLINED, **fields)
    assert page.form.fields == {**fields, "email": "kim@example.com", "method": "visa"}
    page = await payer.go(session["url"])
    assert page.form.fields == {**fields, "email": "kim@example.com", "method": "visa"}
    await payer.send(page.form, name="Lee")
    paid = await shown(stripe, session, "payment_intent")
    assert paid["customer_details"]["name"] == "Lee"
    assert (paid["payment_intent"]["shipping"]["name"], paid["payment_intent"]["shipping"]["address"]) == (
        *("Lee", BERLIN),
    )


async def test_who_is_known_is_filled_in(stripe: Stripe, payer: Payer) -> None:
    known = {"email": "lee@example.com", "name": "Lee", "phone": "+4930456", "address": BERLIN}
    given = {**known, "address": {name: each for name, each in BERLIN.items() if each}}
    customer = await stripe.post("/customers", **given)
    session = await opened(stripe, customer=customer["id"], phone_number_collection={"enabled": True}, **SENT)
    page = await payer.go(session["url"])
    assert (page.form.fields["name"], page.form.fields["phone"]) == ("Lee", "+4930456")
    assert {name: page.form.fields[name] for name in written(BERLIN)} == written(BERLIN)


async def test_a_customer_that_the_session_makes_keeps_it_all(stripe: Stripe, payer: Payer) -> None:
    asking = {"customer_creation": "always", "phone_number_collection": {"enabled": True}, **SENT}
    session = await opened(stripe, **asking)
    page = await payer.go(session["url"])
    page = await payer.send(page.form, email="kim@example.com", method=DECLINED)
    await payer.send(page.form, method="visa", name="Kim", **written(BERLIN))
    customer = (await shown(stripe, session, "customer"))["customer"]
    assert (customer["name"], customer["phone"], customer["address"]) == ("Kim", "+14155550132", BERLIN)
    assert (customer["shipping"]["name"], customer["shipping"]["address"]) == ("Kim", BERLIN)


@pytest.mark.parametrize(
    ("update", "kept"),
    [
        ({}, set()),
        ({"customer_update": {"name": "auto", "address": "never"}}, {"name"}),
        ({"customer_update": {"address": "auto", "shipping": "auto"}}, {"address", "shipping"}),
    ],
)
async def test_a_customer_who_was_there_keeps_what_the_merchant_wants(
    gateway: Gateway, stripe: Stripe, update: dict[str, Any], kept: set[str]
) -> None:
    customer = await stripe.post("/customers", email="lee@example.com", name="Lee", description="Known")
    session = await opened(stripe, customer=customer["id"], **SENT, **update)
    await posted(stripe, session, method="visa", name="Kim")
    after = await stripe.get(f"/customers/{customer['id']}")
    changed = {name for name in after if after[name] != customer[name]}
    assert changed == kept
    assert ("customer.updated" in await types_told(gateway)) is bool(kept)


async def test_a_setup_tells_no_address(stripe: Stripe) -> None:
    session = await stripe.post(
        SESSIONS, mode="setup", currency="usd", success_url=SHOP, billing_address_collection="required"
    )
    done = await posted(stripe, session, **LEAST, name="Kim")
    assert (done["customer_details"]["name"], done["customer_details"]["address"]) == ("Kim", None)
    setup = await stripe.get(f"/setup_intents/{done['setup_intent']}", expand=["payment_method"])
    assert setup["payment_method"]["billing_details"]["address"] == HOME


async def test_before_basil_a_session_had_shipping_details(stripe: Stripe) -> None:
    paid = await posted(stripe, await opened(stripe, **SENT), **LEAST)
    headers = {"Stripe-Version": "2024-06-20"}
    answer = await stripe.client.get(f"/v1{SESSIONS}/{paid['id']}", headers=headers)
    assert answer.json()["shipping_details"] == {"address": HOME, "name": "Test Payer"}
    unpaid = await opened(stripe)
    answer = await stripe.client.get(f"/v1{SESSIONS}/{unpaid['id']}", headers=headers)
    assert answer.json()["shipping_details"] is None


async def test_no_real_card_number_is_kept_of_a_form(stripe: Stripe) -> None:
    session = await opened(stripe, phone_number_collection={"enabled": True}, **SENT)
    fields = dict.fromkeys(("name", "line1", "city", "state", "postal_code", "phone"), REAL_CARD)
    paid = await posted(stripe, session, **LEAST, **fields)
    intent = await stripe.get(f"/payment_intents/{paid['payment_intent']}", expand=["payment_method"])
    assert REAL_CARD not in f"{paid}{intent}"


async def test_codes_may_be_allowed_though_there_are_none(stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe, allow_promotion_codes=True)
    assert session["allow_promotion_codes"] is True
    page = await payer.go(session["url"])
    assert set(page.form.fields) == {"email", "name", "method"}


async def test_what_is_said_of_cards_alone_holds_for_a_card(stripe: Stripe) -> None:
    options = {"card": {"request_three_d_secure": "any", "setup_future_usage": "off_session"}}
    session = await opened(stripe, payment_method_options=options)
    assert session["payment_method_options"] == options
    paid = await posted(stripe, session, **LEAST)
    assert paid["customer"] is not None
    intent = await stripe.get(f"/payment_intents/{paid['payment_intent']}", expand=["payment_method"])
    assert intent["payment_method"]["customer"] == paid["customer"]
    assert intent["payment_method_options"]["card"]["request_three_d_secure"] == "any"


async def test_a_payment_link_asks_too(stripe: Stripe, payer: Payer) -> None:
    asking = {"allow_promotion_codes": True, "phone_number_collection": {"enabled": True}, **SENT}
    link = await stripe.post("/payment_links", line_items=[{"price_data": TEA, "quantity": 1}], **asking)
    assert {name: link[name] for name in asking} == asking
    page = await payer.go(link["url"])
    assert page.form.fields.keys() >= {"phone", "line1", "country"}
    (session,) = (await stripe.get(SESSIONS, payment_link=link["id"]))["data"]
    assert {name: session[name] for name in asking} == asking

    changed = await stripe.post(
        f"/payment_links/{link['id']}",
        phone_number_collection={"enabled": False},
        shipping_address_collection="",
    )
    assert changed["phone_number_collection"] == {"enabled": False}
    assert changed["shipping_address_collection"] is None


async def test_a_known_address_is_not_replaced_by_that_of_a_card(stripe: Stripe) -> None:
    customer = await stripe.post("/customers", address=written(BERLIN))
    session = await opened(stripe, customer=customer["id"], customer_update={"address": "auto"})
    paid = await posted(stripe, session, **LEAST)

    address = paid["customer_details"]["address"]
    assert (address["country"], address["postal_code"]) == ("DE", "10117")
    kept = await stripe.get(f"/customers/{customer['id']}")
    assert kept["address"]["line1"] == BERLIN["line1"]


@pytest.mark.parametrize("country", ["A1", "Ä", "USA"])
async def test_a_country_is_two_letters(stripe: Stripe, country: str) -> None:
    session = await opened(stripe, billing_address_collection="required")
    answer = await stripe.client.post(f"/stripe/checkout/{session['id']}", data={**LEAST, "country": country})
    assert "two letters" in answer.text
    paid = await posted(stripe, session, **LEAST, country=" us ")
    assert paid["customer_details"]["address"] == HOME
