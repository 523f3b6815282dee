"""`payment_method_options`: what is said of one type of method is kept, shown, and heeded where it pays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from kessai.simulation.instruments import OTHER_METHODS
from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway

LATER: Final = {"setup_future_usage": "off_session"}
BY_HAND: Final = {"capture_method": "manual"}
MANDATE: Final = {
    "amount": 5_000,
    "amount_type": "maximum",
    "interval": "sporadic",
    "reference": "order-7",
    "start_date": 1_900_000_000,
}
MANDATE_SHOWN: Final = {
    **MANDATE,
    "description": None,
    "end_date": None,
    "interval_count": None,
    "supported_types": ["india"],
}
DEBIT: Final = {"type": "sepa_debit", "sepa_debit": {"iban": "AT611904300234573201"}}


async def made(stripe: Stripe, options: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    """A PaymentIntent with these options."""
    return await stripe.post(
        "/payment_intents", amount=1_000, currency="eur", payment_method_options=options, **parameters
    )


def shown(intent: dict[str, Any], kind: str) -> dict[str, Any]:
    """What an intent shows of a type."""
    options: dict[str, Any] = intent["payment_method_options"][kind]
    return options


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        ("sepa_debit", LATER, LATER),
        ("sepa_debit", {"mandate_options": {"reference_prefix": ""}}, {"mandate_options": {}}),
        ("oxxo", {"expires_after_days": 7}, {"expires_after_days": 7}),
        ("wechat_pay", {"client": "web"}, {"app_id": None, "client": "web"}),
        ("klarna", {**BY_HAND, "preferred_locale": "de-DE"}, {**BY_HAND, "preferred_locale": "de-DE"}),
        ("boleto", LATER, {**LATER, "expires_after_days": 3}),
        ("p24", {"tos_shown_and_accepted": True}, {}),
        ("blik", {"code": "777123"}, {}),
    ],
)
async def test_what_is_said_of_a_type_is_shown(
    stripe: Stripe, kind: str, given: dict[str, Any], wanted: dict[str, Any]
) -> None:
    intent = await made(stripe, {kind: given})

    assert shown(intent, kind) == wanted
    assert shown(intent, "card")["request_three_d_secure"] == "automatic"
    assert await stripe.get(f"/payment_intents/{intent['id']}") == intent


async def test_every_type_that_is_named_is_shown(stripe: Stripe) -> None:
    types = ["card", *OTHER_METHODS]

    intent = await stripe.post("/payment_intents", amount=1_000, currency="eur", payment_method_types=types)

    assert list(intent["payment_method_options"]) == types
    assert shown(intent, "bancontact") == {"preferred_language": "en"}
    assert shown(intent, "oxxo") == {"expires_after_days": 3}


async def test_an_update_adds_to_what_was_said(stripe: Stripe) -> None:
    intent = await made(stripe, {"sepa_debit": LATER, "oxxo": {"expires_after_days": 7}})
    path = f"/payment_intents/{intent['id']}"

    more = {"card": {"request_three_d_secure": "any"}, "sepa_debit": {"target_date": "2030-01-01"}}
    added = await stripe.post(path, payment_method_options=more)
    assert shown(added, "card")["request_three_d_secure"] == "any"
    assert shown(added, "sepa_debit") == {**LATER, "target_date": "2030-01-01"}
    assert shown(added, "oxxo") == {"expires_after_days": 7}

    unset = {"sepa_debit": {"setup_future_usage": ""}, "oxxo": ""}
    less = await stripe.post(path, payment_method_options=unset)
    assert shown(less, "sepa_debit") == {"target_date": "2030-01-01"}
    assert "oxxo" not in less["payment_method_options"]


@pytest.mark.parametrize(
    ("options", "is_kept"),
    [
        ({"sepa_debit": LATER}, True),
        ({"card": LATER}, False),
        ({"sepa_debit": {"setup_future_usage": "none"}}, False),
    ],
)
async def test_what_pays_is_kept_for_later_where_its_own_type_says_so(
    gateway: Gateway, stripe: Stripe, options: dict[str, Any], is_kept: bool
) -> None:
    # given an intent that was made before it was known what pays
    customer = (await stripe.post("/customers"))["id"]
    types = ["card", "sepa_debit"]
    intent = await made(stripe, options, customer=customer, payment_method_types=types)
    path = f"/payment_intents/{intent['id']}"

    # when a debit pays it, and something else is changed meanwhile
    await stripe.post(f"{path}/confirm", payment_method_data=DEBIT)
    await stripe.post(path, metadata={"order": "7"})
    await gateway.tick(timedelta(minutes=1))

    # then the account is the customer's where that was said of debits
    paid = await stripe.get(path, expand=["payment_method"])
    assert paid["status"] == "succeeded"
    assert paid["payment_method"]["customer"] == (customer if is_kept else None)


async def test_what_is_said_of_a_type_goes_before_what_is_said_of_all(
    gateway: Gateway, stripe: Stripe
) -> None:
    customer = (await stripe.post("/customers"))["id"]
    options = {"sepa_debit": {"setup_future_usage": "none"}}
    intent = await made(
        stripe,
        options,
        customer=customer,
        confirm=True,
        payment_method_data=DEBIT,
        payment_method_types=["sepa_debit"],
        **LATER,
    )

    await gateway.tick(timedelta(minutes=1))

    paid = await stripe.get(f"/payment_intents/{intent['id']}", expand=["payment_method"])
    assert (paid["status"], paid["payment_method"]["customer"]) == ("succeeded", None)


@pytest.mark.parametrize(
    ("options", "method", "status"),
    [
        ({"link": BY_HAND}, {"type": "link"}, "requires_capture"),
        ({"card": BY_HAND}, {"type": "link"}, "succeeded"),
        ({"link": BY_HAND}, {"type": "card", "card": {"token": "tok_visa"}}, "succeeded"),
        ({"card": BY_HAND}, {"type": "card", "card": {"token": "tok_visa"}}, "requires_capture"),
    ],
)
async def test_what_is_held_is_captured_by_hand_where_its_own_type_says_so(
    stripe: Stripe, options: dict[str, Any], method: dict[str, Any], status: str
) -> None:
    intent = await made(stripe, options, payment_method_types=["card", "link"])

    tried = await stripe.post(f"/payment_intents/{intent['id']}/confirm", payment_method_data=method)

    assert tried["status"] == status


async def test_another_type_than_the_one_that_was_declined_is_held_in_its_own_way(stripe: Stripe) -> None:
    intent = await made(stripe, {"card": BY_HAND}, payment_method_types=["card", "link"])
    path = f"/payment_intents/{intent['id']}/confirm"

    await stripe.refused("POST", path, 402, payment_method="pm_card_visa_chargeDeclined")
    tried = await stripe.post(path, payment_method_data={"type": "link"})

    assert tried["status"] == "succeeded"


async def test_the_mandate_of_a_card_is_shown_and_has_no_effect(stripe: Stripe) -> None:
    mandate = {**MANDATE, "supported_types": ["india"]}

    paid = await stripe.paid(payment_method_options={"card": {"mandate_options": mandate}})

    assert (paid["status"], shown(paid, "card")["mandate_options"]) == ("succeeded", MANDATE_SHOWN)


async def test_so_is_that_of_a_card_that_is_set_up(stripe: Stripe) -> None:
    mandate = {**MANDATE, "supported_types": ["india"], "currency": "inr"}
    options = {"card": {"mandate_options": mandate}}

    setup = await stripe.post(
        "/setup_intents",
        confirm=True,
        payment_method="pm_card_visa",
        payment_method_types=["card"],
        payment_method_options=options,
    )

    wanted = {**MANDATE_SHOWN, "currency": "inr"}
    assert (setup["status"], shown(setup, "card")["mandate_options"]) == ("succeeded", wanted)


async def test_an_option_of_a_type_that_is_not_simulated_is_refused(stripe: Stripe) -> None:
    error = await stripe.refused(
        "POST",
        "/payment_intents",
        amount=1_000,
        currency="eur",
        payment_method_options={"sofort": {"setup_future_usage": "none"}},
    )

    assert error["param"] == "payment_method_options[sofort]"


async def test_an_option_of_a_type_that_is_unset_decides_no_more(stripe: Stripe) -> None:
    intent = await made(stripe, {"card": {"capture_method": "manual"}}, capture_method="automatic")
    path = f"/payment_intents/{intent['id']}"
    await stripe.post(path, payment_method_options={"card": {"capture_method": ""}})

    paid = await stripe.post(f"{path}/confirm", payment_method="pm_card_visa", return_url="http://shop.test/")
    assert paid["status"] == "succeeded"


async def test_an_option_is_looked_at_for_the_type_that_is_asked(stripe: Stripe) -> None:
    """Not for cards, of which another thing is said, while the payer of a wallet is at its page."""
    asked = await made(
        stripe,
        {"card": {"capture_method": "manual", "setup_future_usage": "off_session"}},
        payment_method_types=["card", "klarna"],
        payment_method_data={"type": "klarna"},
        confirm=True,
        return_url="http://shop.test/",
    )
    assert asked["status"] == "requires_action"

    after = await stripe.post(
        f"/payment_intents/{asked['id']}", payment_method_options={"klarna": {"preferred_locale": "de-DE"}}
    )
    assert after["status"] == "requires_action"
