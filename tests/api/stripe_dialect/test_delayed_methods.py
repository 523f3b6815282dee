"""Debits and vouchers: paid, failed or left waiting, by the test values that Stripe publishes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.payer import Payer
from tests.api.stripe_dialect.told import told, types_told
from tests.support.gateway import Gateway

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)


def debit(kind: str, **given: str) -> dict[str, Any]:
    """A debit of an account."""
    return {"type": kind, kind: given, "billing_details": {"name": "Ann", "email": "ann@example.com"}}


def voucher(kind: str, email: str) -> dict[str, Any]:
    """A voucher for whoever has this address."""
    return {"type": kind, "billing_details": {"name": "Ann", "email": email}}


async def asked(stripe: Stripe, data: dict[str, Any], currency: str = "eur") -> dict[str, Any]:
    """A PaymentIntent that waits for its bank or its payer."""
    intent = await stripe.post(
        "/payment_intents",
        amount=1_000,
        currency=currency,
        confirm=True,
        payment_method_data=data,
        payment_method_types=[data["type"]],
    )
    waits_for_payer = data["type"] in ("boleto", "konbini", "oxxo", "pix")
    assert intent["status"] == ("requires_action" if waits_for_payer else "processing")
    assert intent["processing"] is None
    return intent


async def test_a_debit_that_fails_leaves_the_intent_open_and_says_why(
    gateway: Gateway, stripe: Stripe
) -> None:
    # given a debit of an account without money
    intent = await asked(stripe, debit("sepa_debit", iban="AT981904300002222227"))
    (pending,) = (await stripe.get("/charges", payment_intent=intent["id"]))["data"]
    assert (pending["status"], pending["paid"]) == ("pending", False)

    # when the bank has answered
    await gateway.tick(MINUTE)

    # then the intent waits for another method, with the reason
    after = await stripe.get(f"/payment_intents/{intent['id']}")
    assert (after["status"], after["payment_method"]) == ("requires_payment_method", None)
    error = after["last_payment_error"]
    assert (error["code"], error["charge"]) == ("insufficient_funds", pending["id"])
    assert error["payment_method"]["sepa_debit"]["last4"] == "2227"
    assert after["latest_charge"] == pending["id"]

    # and so does its charge, and two events
    charge = await stripe.get(f"/charges/{pending['id']}")
    assert (charge["status"], charge["failure_code"]) == ("failed", "insufficient_funds")
    assert charge["failure_message"] == error["message"]
    *_, of_charge, of_intent = await told(gateway)
    assert (of_charge["type"], of_charge["data"]["object"]) == ("charge.failed", charge)
    assert of_intent["type"] == "payment_intent.payment_failed"
    assert of_intent["data"]["object"]["last_payment_error"]["code"] == "insufficient_funds"

    # and another method pays it
    again = {"payment_method": "pm_card_visa", "payment_method_types": ["card"]}
    paid = await stripe.post(f"/payment_intents/{intent['id']}/confirm", **again)
    assert paid["status"] == "succeeded"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (debit("sepa_debit", iban="DE62370400440532013001"), "payment_intent_payment_attempt_failed"),
        (
            debit("us_bank_account", account_number="000111111113", routing_number="110000000"),
            "account_closed",
        ),
        (debit("bacs_debit", account_number="33333335", sort_code="108800"), "debit_not_authorized"),
        (debit("au_becs_debit", account_number="222222227", bsb_number="000000"), "refer_to_customer"),
        (voucher("boleto", "expire_immediately@example.com"), "payment_intent_payment_attempt_expired"),
    ],
    ids=lambda each: each if isinstance(each, str) else each["type"],
)
async def test_each_type_fails_in_its_own_way(
    gateway: Gateway, stripe: Stripe, data: dict[str, Any], code: str
) -> None:
    intent = await asked(stripe, data)
    await gateway.tick(MINUTE)
    after = await stripe.get(f"/payment_intents/{intent['id']}")
    assert (after["status"], after["last_payment_error"]["code"]) == ("requires_payment_method", code)


@pytest.mark.parametrize(
    ("data", "delay", "status"),
    [
        (debit("sepa_debit", iban="AT321904300235473204"), 3 * MINUTE, "succeeded"),
        (debit("sepa_debit", iban="AT051904300235473205"), 3 * MINUTE, "requires_payment_method"),
        (voucher("oxxo", "succeed_immediately@example.com"), timedelta(0), "succeeded"),
        (voucher("konbini", "expire_immediately@example.com"), timedelta(0), "requires_payment_method"),
        (voucher("pix", "expire_with_delay@example.com"), 3 * MINUTE, "requires_payment_method"),
        # to the end of its last day in Japan
        (
            voucher("konbini", "fill_never@example.com"),
            timedelta(days=3, hours=2, minutes=59, seconds=59),
            "requires_payment_method",
        ),
    ],
)
async def test_it_takes_its_time(
    gateway: Gateway, stripe: Stripe, data: dict[str, Any], delay: timedelta, status: str
) -> None:
    intent = await asked(stripe, data)
    if delay:
        assert await gateway.tick(delay - SECOND) == 0
    await gateway.tick(min(delay, SECOND))
    assert (await stripe.get(f"/payment_intents/{intent['id']}"))["status"] == status


async def test_an_account_may_stay_processing(gateway: Gateway, stripe: Stripe) -> None:
    intent = await asked(stripe, debit("us_bank_account", account_number="000000000009"), "usd")
    assert await gateway.tick(timedelta(days=10_000)) == 0
    assert (await stripe.get(f"/payment_intents/{intent['id']}"))["status"] == "processing"


async def test_a_name_stands_for_an_account(gateway: Gateway, stripe: Stripe) -> None:
    # given a customer who has an account by its name
    customer = await stripe.post("/customers")
    name = "pm_usBankAccount_debitNotAuthorized"
    kept = await stripe.post(f"/payment_methods/{name}/attach", customer=customer["id"])
    bank = kept["us_bank_account"]
    assert (kept["type"], bank["last4"], bank["routing_number"]) == ("us_bank_account", "3335", "110000000")

    # when it is debited
    intent = await stripe.post(
        "/payment_intents",
        amount=1_000,
        currency="usd",
        customer=customer["id"],
        payment_method=kept["id"],
        payment_method_types=["us_bank_account"],
        confirm=True,
    )
    await gateway.tick(MINUTE)

    # then it does what the account does
    after = await stripe.get(f"/payment_intents/{intent['id']}")
    assert after["last_payment_error"]["code"] == "debit_not_authorized"


async def test_a_name_that_is_none_is_unknown(stripe: Stripe) -> None:
    error = await stripe.refused(
        "POST",
        "/payment_intents",
        amount=1_000,
        currency="usd",
        payment_method="pm_usBankAccount_perhaps",
        payment_method_types=["us_bank_account"],
    )
    assert error["code"] == "resource_missing"


async def test_of_an_account_only_its_end_is_kept(gateway: Gateway, stripe: Stripe) -> None:
    await asked(stripe, debit("us_bank_account", account_number="000222222227"), "usd")
    await gateway.tick(MINUTE)
    events = str(await told(gateway))
    assert "2227" in events
    assert "000222222227" not in events


async def test_a_checkout_session_is_told_of_a_voucher_that_expired(
    gateway: Gateway, stripe: Stripe, payer: Payer
) -> None:
    # given a payer who left with a voucher
    tea = {"currency": "brl", "unit_amount": 700, "product_data": {"name": "Tea"}}
    session = await stripe.post(
        "/checkout/sessions",
        mode="payment",
        line_items=[{"price_data": tea, "quantity": 1}],
        payment_method_types=["boleto"],
        success_url="https://shop.example/done",
    )
    page = await payer.go(session["url"])
    await payer.send(page.form, email="ann.expire_with_delay@example.com")
    assert (await stripe.get(f"/checkout/sessions/{session['id']}"))["payment_status"] == "unpaid"

    # when nobody has paid in time
    await gateway.tick(3 * MINUTE)

    # then the shop is told
    assert (await types_told(gateway))[-3:] == [
        "charge.failed",
        "payment_intent.payment_failed",
        "checkout.session.async_payment_failed",
    ]
    after = await stripe.get(f"/checkout/sessions/{session['id']}", expand=["payment_intent"])
    assert (after["status"], after["payment_status"]) == ("complete", "unpaid")
    assert after["payment_intent"]["last_payment_error"]["code"] == "payment_intent_payment_attempt_expired"


@pytest.mark.parametrize("kind", ["ideal", "bancontact", "cashapp"])
async def test_a_redirect_fails_on_its_page(
    gateway: Gateway, stripe: Stripe, payer: Payer, kind: str
) -> None:
    intent = await stripe.post(
        "/payment_intents",
        amount=1_000,
        currency="eur",
        confirm=True,
        payment_method_data={"type": kind},
        payment_method_types=[kind],
        return_url="https://shop.example/back",
    )
    page = await payer.go(intent["next_action"]["redirect_to_url"]["url"])
    await payer.send(page.form_with("Do not approve"))

    after = await stripe.get(f"/payment_intents/{intent['id']}")
    assert after["status"] == "requires_payment_method"
    assert after["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert (await types_told(gateway))[-1] == "payment_intent.payment_failed"
