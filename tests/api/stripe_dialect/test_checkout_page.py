"""The page a payer is sent to, walked through as a browser without scripts would."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.payer import SHOP, Payer
from tests.api.stripe_dialect.told import told, types_told
from tests.support.gateway import Gateway, refusal

SESSIONS = "/checkout/sessions"
TEA = {"currency": "usd", "unit_amount": 1_250, "product_data": {"name": "Tea <fine>"}}
DECLINED = "visa_chargeDeclinedInsufficientFunds"
CHALLENGED = "authenticationRequired"


async def opened(stripe: Stripe, **more: Any) -> dict[str, Any]:
    """A session for two teas."""
    wanted = {
        "mode": "payment",
        "success_url": SHOP + "/done?session={CHECKOUT_SESSION_ID}&a=%20b",
        "cancel_url": SHOP + "/cart",
        "line_items": [{"price_data": TEA, "quantity": 2}],
    }
    return await stripe.post(SESSIONS, **{**wanted, **more})


async def shown(stripe: Stripe, session: dict[str, Any], *expand: str) -> dict[str, Any]:
    """The session as it stands now."""
    return await stripe.get(f"{SESSIONS}/{session['id']}", expand=list(expand))


async def test_the_page_shows_what_is_to_be_paid(stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe)
    page = await payer.go(session["url"])
    assert "Tea <fine>" in page.text
    assert "25.00 USD" in page.text
    assert page.form.button == "Pay 25.00 USD"
    assert page.links == [SHOP + "/cart"]
    assert len(page.form.choices["method"]) == 4


async def test_who_pays_goes_on_to_the_shop(stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe, payment_intent_data={"metadata": {"order": "7"}, "description": "Teas"})
    page = await payer.go(session["url"])
    await payer.send(page.form, email="kim@example.com")
    assert payer.at == f"{SHOP}/done?session={session['id']}&a=%20b"

    paid = await shown(stripe, session, "payment_intent")
    assert (paid["status"], paid["payment_status"], paid["url"]) == ("complete", "paid", None)
    assert (paid["customer_details"]["email"], paid["customer"]) == ("kim@example.com", None)
    intent = paid["payment_intent"]
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 2_500)
    assert (intent["metadata"], intent["description"]) == ({"order": "7"}, "Teas")
    charge = await stripe.get(f"/charges/{intent['latest_charge']}")
    assert (charge["billing_details"]["email"], charge["paid"]) == ("kim@example.com", True)
    found = await stripe.get(SESSIONS, payment_intent=intent["id"])
    assert [each["id"] for each in found["data"]] == [session["id"]]

    again = await payer.go(session["url"])
    assert again.forms == []
    assert "done" in again.text


async def test_a_decline_shows_the_page_again(stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe)
    page = await payer.go(session["url"])
    page = await payer.send(page.form, email="kim@example.com", method=DECLINED)
    assert "insufficient funds" in page.alert
    assert page.form.fields["email"] == "kim@example.com"
    tried = await shown(stripe, session, "payment_intent")
    assert (tried["status"], tried["payment_status"]) == ("open", "unpaid")
    assert tried["payment_intent"]["status"] == "requires_payment_method"

    page = await payer.go(session["url"])
    assert "insufficient funds" in page.alert
    await payer.send(page.form, method="visa")
    assert payer.at.startswith(SHOP + "/done")
    paid = await shown(stripe, session)
    assert (paid["status"], paid["payment_intent"]) == ("complete", tried["payment_intent"]["id"])


@pytest.mark.parametrize(("mode", "path"), [("payment", "/intents"), ("setup", "/setups")])
async def test_what_an_open_page_confirms_is_left_to_its_payer_by_the_native_api_too(
    gateway: Gateway, stripe: Stripe, payer: Payer, mode: str, path: str
) -> None:
    if mode == "setup":
        wanted = {"mode": mode, "currency": "usd", "success_url": SHOP}
        session = await stripe.post(SESSIONS, **wanted)
    else:
        session = await opened(stripe)
    page = await payer.go(session["url"])
    await payer.send(page.form, email="kim@example.com", method=CHALLENGED)
    native = gateway.client_with("sk_test_of_this_test")
    (waiting,) = (await native.get(path)).json()["data"]
    assert waiting["status"] == "REQUIRES_ACTION"
    for move in ("confirm", "cancel"):
        answer = await native.post(f"{path}/{waiting['id']}/{move}")
        assert "checkout page" in refusal(answer, 409, "CONFLICT")["message"]


async def test_the_bank_may_ask_first(stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe)
    page = await payer.go(session["url"])
    page = await payer.send(page.form, email="kim@example.com", method=CHALLENGED)
    assert "/stripe/challenge/" in payer.at
    assert (await shown(stripe, session))["status"] == "open"

    page = await payer.send(page.form_with("Do not approve"))
    assert payer.at.startswith(session["url"])
    assert "prove who they are" in page.alert
    page = await payer.send(page.form, method=CHALLENGED)
    await payer.send(page.form_with("Approve"))

    assert payer.at == f"{SHOP}/done?session={session['id']}&a=%20b"
    paid = await shown(stripe, session)
    assert (paid["status"], paid["payment_status"]) == ("complete", "paid")


async def test_money_may_come_later(gateway: Gateway, stripe: Stripe, payer: Payer) -> None:
    line = {"price_data": {**TEA, "currency": "eur"}, "quantity": 1}
    session = await opened(stripe, payment_method_types=["sepa_debit"], line_items=[line])
    page = await payer.go(session["url"])
    assert page.form.choices["method"] == ["type:sepa_debit"]
    await payer.send(page.form, email="kim@example.com")
    assert payer.at.startswith(SHOP + "/done")
    paid = await shown(stripe, session, "payment_intent")
    assert (paid["status"], paid["payment_status"]) == ("complete", "unpaid")
    assert paid["payment_intent"]["status"] == "processing"

    assert await gateway.tick(timedelta(days=1)) == 1
    assert (await shown(stripe, session))["payment_status"] == "paid"
    names = await types_told(gateway)
    assert names[-2:] == ["payment_intent.succeeded", "checkout.session.async_payment_succeeded"]
    assert names.index("payment_intent.processing") < names.index("checkout.session.completed")


async def test_what_is_held_is_paid_when_it_is_captured(stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe, payment_intent_data={"capture_method": "manual"})
    page = await payer.go(session["url"])
    await payer.send(page.form, email="kim@example.com")
    held = await shown(stripe, session, "payment_intent")
    assert (held["status"], held["payment_status"]) == ("complete", "unpaid")
    assert held["payment_intent"]["status"] == "requires_capture"
    await stripe.post(f"/payment_intents/{held['payment_intent']['id']}/capture")
    assert (await shown(stripe, session))["payment_status"] == "paid"


async def test_a_customer_may_be_made_of_the_payer(stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe, payment_intent_data={"setup_future_usage": "off_session"})
    page = await payer.go(session["url"])
    await payer.send(page.form, email="kim@example.com")
    paid = await shown(stripe, session, "customer", "payment_intent.payment_method")
    assert paid["customer"]["email"] == "kim@example.com"
    assert paid["payment_intent"]["payment_method"]["customer"] == paid["customer"]["id"]


async def test_it_is_kept_too_when_the_bank_asks_first(stripe: Stripe, payer: Payer) -> None:
    customer = await stripe.post("/customers", email="lee@example.com")
    session = await opened(
        stripe, customer=customer["id"], payment_intent_data={"setup_future_usage": "off_session"}
    )
    page = await payer.go(session["url"])
    page = await payer.send(page.form, method=CHALLENGED)
    await payer.send(page.form_with("Approve"))
    paid = await shown(stripe, session, "payment_intent.payment_method")
    assert paid["payment_intent"]["payment_method"]["customer"] == customer["id"]


async def test_who_is_known_need_not_write_who_they_are(stripe: Stripe, payer: Payer) -> None:
    customer = await stripe.post("/customers", email="lee@example.com")
    session = await opened(stripe, customer=customer["id"])
    page = await payer.go(session["url"])
    assert page.form.fields["email"] == "lee@example.com"
    await payer.send(page.form, email="somebody@example.com")
    paid = await shown(stripe, session, "payment_intent")
    assert paid["customer_details"]["email"] == "lee@example.com"
    assert paid["payment_intent"]["customer"] == customer["id"]


async def test_what_a_payer_tries_is_moved_by_the_payer_only(stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe)
    page = await payer.go(session["url"])
    await payer.send(page.form, email="kim@example.com", method=DECLINED)
    path = f"/payment_intents/{(await shown(stripe, session))['payment_intent']}"
    for refused in (f"{path}/cancel", f"{path}/confirm"):
        error = await stripe.refused("POST", refused)
        assert session["id"] in error["message"]
    await stripe.post(f"{SESSIONS}/{session['id']}/expire")
    assert (await stripe.get(path))["status"] == "canceled"


SETUP: dict[str, Any] = {
    "mode": "setup",
    "success_url": SHOP + "/done",
    "setup_intent_data": {"metadata": {"order": "7"}},
}


async def test_a_card_may_be_kept_for_later(gateway: Gateway, stripe: Stripe, payer: Payer) -> None:
    customer = await stripe.post("/customers", email="lee@example.com")
    session = await stripe.post(SESSIONS, customer=customer["id"], currency="eur", **SETUP)
    assert (session["amount_total"], session["currency"], session["payment_status"]) == (
        *(None, "eur", "no_payment_required"),
    )
    page = await payer.go(session["url"])
    page = await payer.send(page.form, method="visa_chargeDeclined")
    assert "declined" in page.alert
    page = await payer.send(page.form, method=CHALLENGED)
    page = await payer.send(page.form_with("Do not approve"))
    assert "prove" in page.alert or "authenticate" in page.alert
    page = await payer.send(page.form, method=CHALLENGED)
    assert (await shown(stripe, session))["status"] == "open"
    await payer.send(page.form_with("Approve"))

    assert payer.at == SHOP + "/done"
    done = await shown(stripe, session, "setup_intent.payment_method")
    assert (done["status"], done["payment_intent"], done["mode"]) == ("complete", None, "setup")
    setup = done["setup_intent"]
    assert (setup["status"], setup["metadata"]) == ("succeeded", {"order": "7"})
    assert setup["payment_method"]["customer"] == customer["id"]
    names = await types_told(gateway)
    assert names[-2:] == ["setup_intent.succeeded", "checkout.session.completed"]


async def test_a_card_is_kept_without_being_asked_for(stripe: Stripe, payer: Payer) -> None:
    session = await stripe.post(SESSIONS, customer_creation="always", **SETUP)
    page = await payer.go(session["url"])
    assert page.form.button == "Keep card"
    await payer.send(page.form, email="kim@example.com")
    assert payer.at == SHOP + "/done"
    done = await shown(stripe, session, "customer", "setup_intent")
    assert (done["status"], done["customer"]["email"]) == ("complete", "kim@example.com")
    assert done["setup_intent"]["customer"] == done["customer"]["id"]


async def test_what_was_not_kept_in_time_is_given_up(gateway: Gateway, stripe: Stripe, payer: Payer) -> None:
    session = await stripe.post(SESSIONS, **SETUP)
    page = await payer.go(session["url"])
    await payer.send(page.form, email="kim@example.com", method=CHALLENGED)
    assert await gateway.tick(timedelta(days=1)) == 1
    closed = await shown(stripe, session, "setup_intent")
    assert (closed["status"], closed["setup_intent"]["status"]) == ("expired", "canceled")


async def test_what_costs_nothing_needs_no_payment(stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe, line_items=[{"price_data": {**TEA, "unit_amount": 0}, "quantity": 1}])
    assert session["payment_status"] == "no_payment_required"
    page = await payer.go(session["url"])
    assert "method" not in page.form.fields
    await payer.send(page.form, email="kim@example.com")
    assert payer.at.startswith(SHOP + "/done")
    done = await shown(stripe, session)
    assert (done["status"], done["payment_status"], done["payment_intent"]) == (
        *("complete", "no_payment_required", None),
    )


async def test_a_closed_page_takes_nothing(gateway: Gateway, stripe: Stripe, payer: Payer) -> None:
    session = await opened(stripe)
    page = await payer.go(session["url"])
    await payer.send(page.form, email="kim@example.com", method=CHALLENGED)
    at_bank, bank = payer.at, payer.page
    assert await gateway.tick(timedelta(days=1)) == 1
    closed = await shown(stripe, session, "payment_intent")
    assert (closed["status"], closed["payment_intent"]["status"]) == ("expired", "canceled")

    page = await payer.go(session["url"])
    assert (page.forms, page.links) == ([], [SHOP + "/cart"])
    assert "expired" in page.text
    payer.at = at_bank
    await payer.send(bank.form_with("Approve"))
    assert (await shown(stripe, session))["status"] == "expired"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"email": ""}, "e-mail"),
        ({"email": "kim"}, "e-mail"),
        ({"email": "a@b", "method": "nothing"}, "how to pay"),
        ({"email": "a@b", "method": "type:sepa_debit"}, "how to pay"),
    ],
)
async def test_what_is_missing_is_said(
    stripe: Stripe, payer: Payer, fields: dict[str, str], reason: str
) -> None:
    session = await opened(stripe)
    page = await payer.go(session["url"])
    page = await payer.send(page.form, **fields)
    assert reason in page.alert
    assert (await shown(stripe, session))["payment_intent"] is None


async def test_other_pages_are_not_there(stripe: Stripe) -> None:
    session = await opened(stripe)
    for path in ("cs_test_none", session["id"][:-1] + "0" * 2, "pi_1"):
        answer = await stripe.client.get(f"/stripe/checkout/{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "resource_missing")
        answer = await stripe.client.post(f"/stripe/checkout/{path}", data={"email": "a@b"})
        assert answer.status_code == 404
    for content in (b"a=%ff", b"a=1&a=2", "é=1".encode(), b"email=" + b"a" * 2_000, b"&".join([b"a=1"] * 99)):
        answer = await stripe.client.post(f"/stripe/checkout/{session['id']}", content=content)
        assert answer.status_code == 400


async def test_events_tell_of_each_step(stripe: Stripe, gateway: Gateway, payer: Payer) -> None:
    session = await opened(stripe)
    page = await payer.go(session["url"])
    await payer.send(page.form, email="kim@example.com", method=CHALLENGED)
    await payer.send(payer.page.form_with("Approve"))
    other = await opened(stripe)
    await stripe.post(f"{SESSIONS}/{other['id']}/expire")

    events = await told(gateway)
    names = [each["type"] for each in events]
    assert names[:3] == ["product.created", "price.created", "payment_intent.created"]
    assert names.index("payment_intent.succeeded") == names.index("checkout.session.completed") - 1
    assert names.count("checkout.session.completed") == 1
    assert names[-1] == "checkout.session.expired"
    completed = events[names.index("checkout.session.completed")]["data"]["object"]
    assert completed == await shown(stripe, session)
    if stripe.judge is not None:
        assert [stripe.judge.event_problems(each) for each in events] == [[]] * len(events)
