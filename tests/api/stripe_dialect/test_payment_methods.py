"""Payment methods over the wire: made, changed, attached, let go, listed."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.told import told, types_told
from tests.support.gateway import Gateway
from tests.support.real_card import REAL_CARD

CARD: Final = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
ANOTHERS: Final = {"Authorization": "Bearer sk_test_of_somebody_else"}
PUBLIC: Final = {"Authorization": "Bearer pk_test_of_this_test"}


async def a_method(stripe: Stripe, **parameters: Any) -> dict[str, Any]:
    return await stripe.post("/payment_methods", **{"type": "card", "card": CARD, **parameters})


async def a_customer(stripe: Stripe, **parameters: Any) -> str:
    return str((await stripe.post("/customers", **parameters))["id"])


async def test_a_card_is_described_and_kept(stripe: Stripe) -> None:
    made = await a_method(
        stripe,
        billing_details={"name": "Ada", "address": {"postal_code": "12345"}},
        metadata={"k": "v"},
        allow_redisplay="always",
    )

    assert made["id"].startswith("pm_")
    assert (made["type"], made["customer"], made["allow_redisplay"]) == ("card", None, "always")
    card = made["card"]
    assert (card["brand"], card["last4"], card["exp_month"], card["exp_year"]) == ("visa", "4242", 12, 2030)
    assert card["checks"] == {
        "address_line1_check": None,
        "address_postal_code_check": "pass",
        "cvc_check": "pass",
    }
    assert (made["billing_details"]["name"], made["metadata"]) == ("Ada", {"k": "v"})
    assert await stripe.get(f"/payment_methods/{made['id']}") == made


async def test_the_same_number_has_the_same_fingerprint(stripe: Stripe) -> None:
    first, second = await a_method(stripe), await a_method(stripe)

    assert first["id"] != second["id"]
    assert first["card"]["fingerprint"] == second["card"]["fingerprint"]


async def test_a_public_key_makes_one_and_reads_none(stripe: Stripe) -> None:
    await a_customer(stripe)
    made = await a_method(stripe, headers=PUBLIC)

    assert await stripe.get(f"/payment_methods/{made['id']}") == made
    await stripe.refused("GET", f"/payment_methods/{made['id']}", 401, headers=PUBLIC)
    await stripe.refused("POST", "/customers", 401, headers=PUBLIC)


async def test_a_card_may_be_a_token_by_name(stripe: Stripe) -> None:
    made = await a_method(stripe, card={"token": "tok_mastercard"})

    assert (made["card"]["brand"], made["card"]["last4"]) == ("mastercard", "4444")


async def test_a_card_may_be_a_token_that_is_used_up_by_that(stripe: Stripe) -> None:
    token = await stripe.post("/tokens", card={**CARD, "name": "Ada"})

    made = await a_method(stripe, card={"token": token["id"]}, metadata={"k": "v"})

    assert made["id"].startswith("pm_")
    assert (made["billing_details"]["name"], made["metadata"]) == ("Ada", {"k": "v"})
    assert (await stripe.get(f"/tokens/{token['id']}"))["used"]
    again = await stripe.refused("POST", "/payment_methods", type="card", card={"token": token["id"]})
    assert (again["code"], again["param"]) == ("token_already_used", "card[token]")


@pytest.mark.parametrize(
    ("card", "code", "param"),
    [
        ({"number": "4242424242424241"}, "incorrect_number", "number"),
        ({"number": "42"}, "invalid_number", "number"),
        ({"number": "4242 4242 4242 x242"}, "invalid_number", "number"),
        ({"exp_month": 13}, "invalid_expiry_month", "exp_month"),
        ({"exp_month": 0}, "invalid_expiry_month", "exp_month"),
        ({"exp_month": 999_999_999_999}, "invalid_expiry_month", "exp_month"),
        ({"exp_year": 2025}, "invalid_expiry_year", "exp_year"),
        ({"exp_year": -1}, "invalid_expiry_year", "exp_year"),
        ({"exp_year": 999_999_999_999}, "invalid_expiry_year", "exp_year"),
        ({"cvc": "12"}, "invalid_cvc", "cvc"),
        ({"cvc": "abc"}, "invalid_cvc", "cvc"),
    ],
)
async def test_bad_card_data_is_refused(stripe: Stripe, card: dict[str, Any], code: str, param: str) -> None:
    error = await stripe.refused("POST", "/payment_methods", 402, type="card", card={**CARD, **card})

    assert (error["type"], error["code"], error["param"]) == ("card_error", code, param)


async def test_an_expired_month_is_refused(stripe: Stripe) -> None:
    error = await stripe.refused(
        "POST", "/payment_methods", 402, type="card", card={**CARD, "exp_month": 1, "exp_year": 25}
    )

    assert error["code"] == "invalid_expiry_year"


async def test_a_number_that_could_be_real_is_refused_and_kept_nowhere(
    stripe: Stripe, gateway: Gateway
) -> None:
    await a_customer(stripe)
    before = await gateway.rows()
    error = await stripe.refused(
        "POST", "/payment_methods", 402, type="card", card={**CARD, "number": REAL_CARD}
    )
    by_token = await stripe.refused("POST", "/tokens", 402, card={**CARD, "number": REAL_CARD})

    for refusal in (error, by_token):
        assert (refusal["code"], refusal["decline_code"]) == ("card_declined", "test_mode_live_card")
        assert REAL_CARD not in str(refusal)
    assert await gateway.rows() == before


@pytest.mark.parametrize(
    ("parameters", "code", "param"),
    [
        ({}, "parameter_missing", "type"),
        ({"type": "card"}, "parameter_missing", "card"),
        ({"type": "card", "card": {"number": "4242424242424242"}}, "parameter_missing", "card[exp_month]"),
        ({"type": "card", "card": {"token": "tok_nothing"}}, "resource_missing", "card[token]"),
        ({"type": "card", "card": {"token": "pm_card_visa"}}, "resource_missing", "card[token]"),
        ({"type": "card", "card": {"token": ""}}, "parameter_invalid_empty", "card[token]"),
        (
            {"type": "sepa_debit", "sepa_debit": {"iban": "AT611904300234573202"}},
            *("account_number_invalid", "sepa_debit[iban]"),
        ),
        ({"type": "nonsense"}, None, "type"),
        ({"type": "giropay"}, None, "type"),
        ({"type": "card", "card": CARD, "customer": "cus_x"}, None, "customer"),
        ({"type": "card", "card": CARD, "payment_method": "pm_x"}, None, "payment_method"),
        ({"type": "card", "card": CARD, "nonsense": 1}, "parameter_unknown", "nonsense"),
    ],
)
async def test_what_is_none_is_refused(
    stripe: Stripe, parameters: dict[str, Any], code: str | None, param: str
) -> None:
    error = await stripe.refused("POST", "/payment_methods", **parameters)

    assert (error["type"], error.get("code"), error["param"]) == ("invalid_request_error", code, param)


async def test_other_types_are_kept(stripe: Stripe) -> None:
    made = await stripe.post("/payment_methods", type="klarna", billing_details={"email": "a@example.com"})

    assert (made["type"], made["klarna"]) == ("klarna", {})


async def test_of_an_account_only_the_last_digits_are_told(stripe: Stripe) -> None:
    debit = await stripe.post(
        "/payment_methods", type="sepa_debit", sepa_debit={"iban": "AT611904300234573201"}
    )
    bank = await stripe.post(
        "/payment_methods",
        type="us_bank_account",
        us_bank_account={
            "account_number": "000123456789",
            "routing_number": "110000000",
            "account_holder_type": "individual",
        },
    )

    assert (debit["sepa_debit"]["country"], debit["sepa_debit"]["last4"]) == ("AT", "3201")
    assert bank["us_bank_account"]["last4"] == "6789"
    assert "AT6119" not in str(debit)
    assert "000123456789" not in str(bank)


async def test_attached_it_is_the_customers(stripe: Stripe, gateway: Gateway) -> None:
    customer = await a_customer(stripe)
    made = await a_method(stripe)

    attached = await stripe.post(f"/payment_methods/{made['id']}/attach", customer=customer)
    again = await stripe.post(f"/payment_methods/{made['id']}/attach", customer=customer)

    assert attached == {**made, "customer": customer} == again
    assert await types_told(gateway) == ["customer.created", "payment_method.attached"]


async def test_a_test_name_makes_one_that_is_attached(stripe: Stripe) -> None:
    customer = await a_customer(stripe)

    first = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer)
    second = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer)

    assert first["id"] != second["id"]
    assert first["id"].startswith("pm_")
    listed = await stripe.get("/payment_methods", customer=customer, type="card")
    assert [each["id"] for each in listed["data"]] == [second["id"], first["id"]]


async def test_a_card_that_declines_is_not_attached(stripe: Stripe) -> None:
    customer = await a_customer(stripe)
    made = await a_method(stripe, card={**CARD, "number": "4000000000009995"})

    error = await stripe.refused("POST", f"/payment_methods/{made['id']}/attach", 402, customer=customer)

    assert (error["type"], error["code"]) == ("card_error", "card_declined")
    assert error["decline_code"] == "insufficient_funds"
    assert (await stripe.get(f"/payment_methods/{made['id']}"))["customer"] is None


async def test_a_card_that_declines_only_charges_is_attached(stripe: Stripe) -> None:
    customer = await a_customer(stripe)

    made = await stripe.post("/payment_methods/pm_card_chargeCustomerFail/attach", customer=customer)

    assert made["customer"] == customer


async def test_what_is_anothers_is_not_attached(stripe: Stripe) -> None:
    first, second = await a_customer(stripe), await a_customer(stripe)
    made = await stripe.post("/payment_methods/pm_card_visa/attach", customer=first)

    error = await stripe.refused("POST", f"/payment_methods/{made['id']}/attach", customer=second)

    assert "already been attached" in error["message"]


async def test_what_was_let_go_is_never_attached_again(stripe: Stripe, gateway: Gateway) -> None:
    customer = await a_customer(stripe)
    made = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer)

    gone = await stripe.post(f"/payment_methods/{made['id']}/detach")

    assert gone["customer"] is None
    assert (await types_told(gateway))[-1] == "payment_method.detached"
    error = await stripe.refused("POST", f"/payment_methods/{made['id']}/attach", customer=customer)
    assert "may not be used again" in error["message"]
    twice = await stripe.refused("POST", f"/payment_methods/{made['id']}/detach")
    assert "not attached" in twice["message"]


@pytest.mark.parametrize(
    ("customer", "code"),
    [
        ("cus_nothing", "resource_missing"),
        (None, "parameter_invalid_empty"),
        ("pm_card_visa", "resource_missing"),
    ],
)
async def test_it_is_attached_to_nobody_unknown(stripe: Stripe, customer: str | None, code: str) -> None:
    error = await stripe.refused("POST", "/payment_methods/pm_card_visa/attach", customer=customer)

    assert (error["code"], error["param"]) == (code, "customer")


async def test_attaching_needs_a_customer(stripe: Stripe) -> None:
    error = await stripe.refused("POST", "/payment_methods/pm_card_visa/attach")

    assert (error["code"], error["param"]) == ("parameter_missing", "customer")


async def test_a_deleted_customer_takes_nothing(stripe: Stripe) -> None:
    customer = await a_customer(stripe)
    await stripe.delete(f"/customers/{customer}")

    error = await stripe.refused("POST", "/payment_methods/pm_card_visa/attach", customer=customer)

    assert error["code"] == "resource_missing"


async def test_another_merchants_is_unknown(stripe: Stripe) -> None:
    customer = await a_customer(stripe)
    made = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer)
    path = f"/payment_methods/{made['id']}"

    for method, rest in (("GET", ""), ("POST", ""), ("POST", "/detach")):
        error = await stripe.refused(method, f"{path}{rest}", 404, headers=ANOTHERS)
        assert error["code"] == "resource_missing"
    theirs = await stripe.post("/customers", headers=ANOTHERS)
    error = await stripe.refused("POST", f"{path}/attach", 404, customer=theirs["id"], headers=ANOTHERS)
    assert error["code"] == "resource_missing"
    error = await stripe.refused("GET", "/payment_methods", customer=customer, headers=ANOTHERS)
    assert (error["code"], error["param"]) == ("resource_missing", "customer")


@pytest.mark.parametrize("name", ["pm_nothing", "pm_card_nothing", "x", "cus_nothing", "pm_" + "0" * 24])
async def test_an_unknown_one_is_missing(stripe: Stripe, name: str) -> None:
    error = await stripe.refused("GET", f"/payment_methods/{name}", 404)

    assert error["code"] == "resource_missing"


async def test_what_is_given_is_changed(stripe: Stripe, gateway: Gateway) -> None:
    customer = await a_customer(stripe)
    made = await a_method(
        stripe, billing_details={"name": "Ada", "email": "a@example.com"}, metadata={"a": "1", "b": "2"}
    )
    await stripe.post(f"/payment_methods/{made['id']}/attach", customer=customer)

    changed = await stripe.post(
        f"/payment_methods/{made['id']}",
        billing_details={"name": "Grace"},
        card={"exp_month": 3, "exp_year": 31},
        metadata={"a": ""},
        allow_redisplay="limited",
    )

    assert (changed["billing_details"]["name"], changed["billing_details"]["email"]) == (
        "Grace",
        "a@example.com",
    )
    assert (changed["card"]["exp_month"], changed["card"]["exp_year"]) == (3, 2031)
    assert (changed["metadata"], changed["allow_redisplay"]) == ({"b": "2"}, "limited")
    event = (await told(gateway))[-1]
    assert event["type"] == "payment_method.updated"
    assert event["data"]["previous_attributes"]["card"] == {"exp_month": 12, "exp_year": 2030}


async def test_only_what_is_a_customers_is_changed(stripe: Stripe) -> None:
    made = await a_method(stripe)

    await stripe.refused("POST", f"/payment_methods/{made['id']}", metadata={"k": "v"})


async def test_a_card_is_not_renewed_into_the_past(stripe: Stripe) -> None:
    customer = await a_customer(stripe)
    made = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer)

    error = await stripe.refused("POST", f"/payment_methods/{made['id']}", 402, card={"exp_year": 2020})

    assert (error["code"], error["param"]) == ("invalid_expiry_year", "exp_year")


async def test_a_method_that_is_no_card_has_no_expiry(stripe: Stripe) -> None:
    customer = await a_customer(stripe)
    made = await stripe.post("/payment_methods", type="link")
    await stripe.post(f"/payment_methods/{made['id']}/attach", customer=customer)

    error = await stripe.refused("POST", f"/payment_methods/{made['id']}", card={"exp_year": 2031})

    assert error["param"] == "card"


async def test_pages_go_both_ways(stripe: Stripe) -> None:
    customer = await a_customer(stripe)
    made = [
        (await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer))["id"] for _ in range(5)
    ]
    newest_first = made[::-1]

    first = await stripe.get("/payment_methods", customer=customer, limit=2)
    second = await stripe.get("/payment_methods", customer=customer, limit=2, starting_after=newest_first[1])
    back = await stripe.get("/payment_methods", customer=customer, limit=2, ending_before=newest_first[2])

    assert (first["url"], first["has_more"]) == ("/v1/payment_methods", True)
    assert [each["id"] for each in first["data"]] == newest_first[:2]
    assert [each["id"] for each in second["data"]] == newest_first[2:4]
    assert [each["id"] for each in back["data"]] == newest_first[:2]


async def test_a_list_is_narrowed_by_type(stripe: Stripe) -> None:
    customer = await a_customer(stripe)
    card = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer)
    link = await stripe.post("/payment_methods", type="link")
    await stripe.post(f"/payment_methods/{link['id']}/attach", customer=customer)

    path = f"/customers/{customer}/payment_methods"
    listed = await stripe.get(path, type="card")
    everything = await stripe.get(path)

    assert listed["url"] == f"/v1{path}"
    assert [each["id"] for each in listed["data"]] == [card["id"]]
    assert [each["id"] for each in everything["data"]] == [link["id"], card["id"]]
    assert (await stripe.get(path, type="klarna"))["data"] == []


@pytest.mark.parametrize(
    ("parameters", "param"),
    [({}, "customer"), ({"customer": "cus_nothing"}, "customer")],
)
async def test_a_list_is_some_customers(stripe: Stripe, parameters: dict[str, Any], param: str) -> None:
    error = await stripe.refused("GET", "/payment_methods", **parameters)

    assert error["param"] == param


async def test_it_has_no_session_of_radar(stripe: Stripe) -> None:
    made = await stripe.post("/payment_methods", type="card", card={"token": "tok_visa"})

    assert made["radar_options"] == {}


async def test_a_lists_cursor_is_of_its_kind(stripe: Stripe) -> None:
    customer = await a_customer(stripe)

    for parameters in (
        {"limit": -1},
        {"limit": 101},
        {"starting_after": "pm_x"},
        {"ending_before": customer},
    ):
        await stripe.refused("GET", "/payment_methods", customer=customer, **parameters)


async def test_one_is_read_below_its_customer(stripe: Stripe) -> None:
    customer, other = await a_customer(stripe), await a_customer(stripe)
    made = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer)

    assert await stripe.get(f"/customers/{customer}/payment_methods/{made['id']}") == made
    error = await stripe.refused("GET", f"/customers/{other}/payment_methods/{made['id']}", 404)
    assert error["code"] == "resource_missing"
    await stripe.refused("GET", "/customers/cus_nothing/payment_methods", 404)


async def test_the_customer_is_expanded(stripe: Stripe) -> None:
    customer = await a_customer(stripe, name="Ada")

    made = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer, expand=["customer"])

    assert made["customer"]["name"] == "Ada"


async def test_a_customer_is_made_with_a_default(stripe: Stripe, gateway: Gateway) -> None:
    method = await a_method(stripe)

    customer = await stripe.post(
        "/customers",
        payment_method=method["id"],
        invoice_settings={"default_payment_method": method["id"]},
    )

    assert customer["invoice_settings"]["default_payment_method"] == method["id"]
    assert (await stripe.get(f"/payment_methods/{method['id']}"))["customer"] == customer["id"]
    assert await types_told(gateway) == ["customer.created", "payment_method.attached"]


async def test_a_test_name_is_one_method_though_it_is_named_twice(stripe: Stripe) -> None:
    customer = await stripe.post(
        "/customers",
        payment_method="pm_card_visa",
        invoice_settings={"default_payment_method": "pm_card_visa"},
    )

    listed = await stripe.get("/payment_methods", customer=customer["id"])
    assert [each["id"] for each in listed["data"]] == [customer["invoice_settings"]["default_payment_method"]]


async def test_a_customer_whose_card_declines_is_not_made(stripe: Stripe) -> None:
    error = await stripe.refused("POST", "/customers", 402, payment_method="pm_card_chargeDeclined")

    assert error["decline_code"] == "generic_decline"
    assert (await stripe.get("/customers"))["data"] == []


async def test_a_default_is_the_customers_own(stripe: Stripe) -> None:
    first, second = await a_customer(stripe), await a_customer(stripe)
    mine = await stripe.post("/payment_methods/pm_card_visa/attach", customer=first)
    loose = await a_method(stripe)

    for name in (loose["id"], "pm_nothing", "pm_card_visa", mine["id"]):
        error = await stripe.refused(
            "POST", f"/customers/{second}", invoice_settings={"default_payment_method": name}
        )
        assert (error["code"], error["param"]) == (
            "resource_missing",
            "invoice_settings[default_payment_method]",
        )
    error = await stripe.refused(
        "POST", "/customers", invoice_settings={"default_payment_method": loose["id"]}
    )
    assert error["code"] == "resource_missing"


async def test_a_default_that_is_let_go_is_none_any_more(stripe: Stripe, gateway: Gateway) -> None:
    customer = await a_customer(stripe)
    made = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer)
    chosen = await stripe.post(
        f"/customers/{customer}", invoice_settings={"default_payment_method": made["id"]}
    )
    assert chosen["invoice_settings"]["default_payment_method"] == made["id"]

    await stripe.post(f"/payment_methods/{made['id']}/detach")

    after = await stripe.get(f"/customers/{customer}")
    assert after["invoice_settings"]["default_payment_method"] is None
    assert (await types_told(gateway))[-2:] == ["payment_method.detached", "customer.updated"]


async def test_an_attached_method_pays_an_intent(stripe: Stripe) -> None:
    customer = await a_customer(stripe)
    made = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer)

    intent = await stripe.paid(payment_method=made["id"], customer=customer)

    assert (intent["status"], intent["payment_method"]) == ("succeeded", made["id"])
