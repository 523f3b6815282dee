"""Payers who have to prove who they are: when they are asked, and what becomes of tries they left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from kessai.dialects.stripe.ids import decode
from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.test_challenges import address_of
from tests.api.stripe_dialect.told import types_told
from tests.support.gateway import Gateway

CHALLENGED: Final = "pm_card_threeDSecure2Required"
ON_SETUP: Final = "pm_card_authenticationRequiredOnSetup"
POOR_AFTER: Final = "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"
BY_CARD: dict[str, Any] = {"payment_method_types": ["card"]}


async def heard(gateway: Gateway) -> list[str]:
    """The names of what this API tells of; other payment events are of other APIs alone."""
    return [each for each in await types_told(gateway) if not each.startswith("payment.")]


async def approved(stripe: Stripe, intent: dict[str, Any], outcome: str = "approve") -> int:
    """Answer for the payer; the status of the page that comes."""
    answer = await stripe.client.post(f"{address_of(intent)}&outcome={outcome}")
    return answer.status_code


async def set_up(stripe: Stripe, card: str, customer: str | None = None) -> dict[str, Any]:
    """A card whose payer has proved who they are."""
    whose: dict[str, Any] = {"customer": customer} if customer else {}
    setup = await stripe.post("/setup_intents", confirm=True, payment_method=card, **whose, **BY_CARD)
    if setup["status"] == "requires_action":
        assert await approved(stripe, setup) == 200
    done = await stripe.get(f"/setup_intents/{setup['id']}", expand=["payment_method"])
    assert done["status"] == "succeeded"
    found: dict[str, Any] = done["payment_method"]
    return found


async def customer_of(stripe: Stripe) -> str:
    """The id of a new customer."""
    return str((await stripe.post("/customers", email="ann@example.com"))["id"])


async def test_a_setup_whose_payer_proves_it_attaches_then(gateway: Gateway, stripe: Stripe) -> None:
    customer = await customer_of(stripe)
    setup = await stripe.post(
        "/setup_intents", confirm=True, customer=customer, payment_method=CHALLENGED, **BY_CARD
    )
    assert setup["next_action"]["type"] == "use_stripe_sdk"
    before = await stripe.get(f"/setup_intents/{setup['id']}", expand=["payment_method"])
    assert before["payment_method"]["customer"] is None

    await approved(stripe, setup)

    after = await stripe.get(f"/setup_intents/{setup['id']}", expand=["payment_method", "latest_attempt"])
    assert (after["status"], after["payment_method"]["customer"]) == ("succeeded", customer)
    secure = after["latest_attempt"]["payment_method_details"]["card"]["three_d_secure"]
    assert secure["result"] == "authenticated"
    assert await heard(gateway) == [
        *("customer.created", "setup_intent.created", "setup_intent.requires_action"),
        *("payment_method.attached", "setup_intent.succeeded"),
    ]


async def test_a_setup_whose_payer_fails_says_so(gateway: Gateway, stripe: Stripe) -> None:
    setup = await stripe.post("/setup_intents", confirm=True, payment_method=CHALLENGED, **BY_CARD)
    await approved(stripe, setup, "fail")
    after = await stripe.get(f"/setup_intents/{setup['id']}", expand=["latest_attempt"])
    assert (after["status"], after["payment_method"]) == ("requires_payment_method", None)
    assert after["last_setup_error"]["code"] == "setup_intent_authentication_failure"
    assert after["last_setup_error"]["payment_method"]["id"] == setup["payment_method"]
    assert after["latest_attempt"]["status"] == "failed"
    assert (await heard(gateway))[-2:] == ["setup_intent.requires_action", "setup_intent.setup_failed"]


async def test_a_setup_may_be_declined_after_the_proof(stripe: Stripe) -> None:
    setup = await stripe.post(
        "/setup_intents",
        confirm=True,
        payment_method="pm_card_threeDSecureRequiredChargeDeclined",
        **BY_CARD,
    )
    await approved(stripe, setup)
    after = await stripe.get(f"/setup_intents/{setup['id']}")
    assert (after["status"], after["last_setup_error"]["code"]) == (
        *("requires_payment_method", "card_declined"),
    )


async def test_another_try_of_a_setup_gives_the_first_one_up(stripe: Stripe) -> None:
    setup = await stripe.post("/setup_intents", confirm=True, payment_method=CHALLENGED, **BY_CARD)
    done = await stripe.post(f"/setup_intents/{setup['id']}/confirm", payment_method="pm_card_visa")
    assert (done["status"], done["next_action"]) == ("succeeded", None)
    tries = await stripe.get("/setup_attempts", setup_intent=setup["id"])
    assert [each["status"] for each in tries["data"]] == ["succeeded", "abandoned"]
    await approved(stripe, setup)
    assert await stripe.get(f"/setup_intents/{setup['id']}") == done


async def test_a_canceled_setup_gives_its_try_up(stripe: Stripe) -> None:
    setup = await stripe.post("/setup_intents", confirm=True, payment_method=CHALLENGED, **BY_CARD)
    await stripe.post(f"/setup_intents/{setup['id']}/cancel")
    tries = await stripe.get("/setup_attempts", setup_intent=setup["id"])
    assert [each["status"] for each in tries["data"]] == ["abandoned"]


@pytest.mark.parametrize(
    "refusal", [{"off_session": True}, {"error_on_requires_action": True}, {"off_session": "recurring"}]
)
async def test_a_payer_who_may_not_be_asked_is_declined(
    gateway: Gateway, stripe: Stripe, refusal: dict[str, Any]
) -> None:
    error = await stripe.refused(
        "POST",
        "/payment_intents",
        402,
        amount=1_000,
        currency="usd",
        confirm=True,
        payment_method=CHALLENGED,
        **refusal,
        **BY_CARD,
    )
    assert (error["type"], error["code"], error["decline_code"]) == (
        *("card_error", "authentication_required", "authentication_required"),
    )
    shown = error["payment_intent"]
    assert (shown["status"], shown["payment_method"]) == ("requires_payment_method", None)
    last = shown["last_payment_error"]
    assert (last["code"], last["payment_method"]["id"]) == (
        *("authentication_required", error["payment_method"]["id"]),
    )
    assert await heard(gateway) == [
        *("payment_intent.created", "charge.failed", "payment_intent.payment_failed"),
    ]
    # on session the same card is asked for
    again = await stripe.post(
        f"/payment_intents/{shown['id']}/confirm", payment_method=last["payment_method"]["id"]
    )
    assert again["status"] == "requires_action"


@pytest.mark.parametrize("kind", ["payment_intents", "setup_intents"])
async def test_a_decline_is_one_whatever_was_to_be_expanded(stripe: Stripe, kind: str) -> None:
    facts: dict[str, Any] = {"amount": 500, "currency": "usd"} if kind == "payment_intents" else {}
    error = await stripe.refused(
        "POST",
        f"/{kind}",
        402,
        confirm=True,
        payment_method="pm_card_visa_chargeDeclined",
        expand=["payment_method"],
        **facts,
        **BY_CARD,
    )
    assert error["code"] == "card_declined"
    assert len((await stripe.get(f"/{kind}"))["data"]) == 1


async def test_a_method_with_a_page_of_its_own_is_refused_as_well(gateway: Gateway, stripe: Stripe) -> None:
    error = await stripe.refused(
        "POST",
        "/payment_intents",
        amount=1_000,
        currency="eur",
        confirm=True,
        payment_method_data={"type": "ideal"},
        payment_method_types=["ideal"],
        error_on_requires_action=True,
    )
    assert error["code"] == "payment_intent_action_required"
    assert error["payment_intent"]["latest_charge"] is None
    assert (await heard(gateway))[-1] == "payment_intent.payment_failed"
    assert "charge.failed" not in await heard(gateway)
    assert (await stripe.get("/charges"))["data"] == []


@pytest.mark.parametrize(
    ("card", "status"),
    [(ON_SETUP, "succeeded"), ("pm_card_authenticationRequiredSetupForOffSession", "succeeded")],
)
async def test_a_card_that_was_set_up_pays_off_session(stripe: Stripe, card: str, status: str) -> None:
    customer = await customer_of(stripe)
    saved = await set_up(stripe, card, customer)
    paid = await stripe.paid(customer=customer, payment_method=saved["id"], off_session=True)
    assert paid["status"] == status
    asked = await stripe.paid(customer=customer, payment_method=saved["id"])
    assert asked["status"] == "requires_action"


async def test_a_card_that_always_wants_a_proof_does_so_off_session_too(stripe: Stripe) -> None:
    customer = await customer_of(stripe)
    saved = await set_up(stripe, CHALLENGED, customer)
    error = await stripe.refused(
        "POST",
        "/payment_intents",
        402,
        amount=1_000,
        currency="usd",
        confirm=True,
        customer=customer,
        payment_method=saved["id"],
        off_session=True,
        **BY_CARD,
    )
    assert error["code"] == "authentication_required"


async def test_a_card_without_funds_is_set_up_and_declined_later(stripe: Stripe) -> None:
    saved = await set_up(stripe, POOR_AFTER)
    error = await stripe.refused(
        "POST",
        "/payment_intents",
        402,
        amount=1_000,
        currency="usd",
        confirm=True,
        payment_method=saved["id"],
        off_session=True,
        **BY_CARD,
    )
    assert error["decline_code"] == "insufficient_funds"


async def test_a_method_that_was_set_up_pays_without_its_page(stripe: Stripe) -> None:
    customer = await customer_of(stripe)
    wanted: dict[str, Any] = {"customer": customer, "payment_method_types": ["cashapp"]}
    setup = await stripe.post(
        "/setup_intents", confirm=True, payment_method_data={"type": "cashapp"}, **wanted
    )
    assert setup["status"] == "requires_action"
    await approved(stripe, setup)
    paid = await stripe.paid(payment_method=setup["payment_method"], off_session=True, **wanted)
    assert paid["status"] == "succeeded"


@pytest.mark.parametrize("wanted", ["any", "challenge"])
async def test_a_proof_can_be_asked_of_cards_that_can_give_one(stripe: Stripe, wanted: str) -> None:
    options = {"card": {"request_three_d_secure": wanted}}
    asked = await stripe.paid(payment_method="pm_card_threeDSecureOptional", payment_method_options=options)
    assert asked["status"] == "requires_action"
    paid = await stripe.paid(payment_method="pm_card_threeDSecureOptional")
    assert paid["status"] == "succeeded"
    cannot = await stripe.paid(payment_method="pm_card_amex", payment_method_options=options)
    assert cannot["status"] == "succeeded"


async def test_a_payer_who_fails_makes_no_charge(gateway: Gateway, stripe: Stripe) -> None:
    intent = await stripe.paid(payment_method=CHALLENGED)
    await approved(stripe, intent, "fail")
    after = await stripe.get(f"/payment_intents/{intent['id']}")
    assert (after["status"], after["latest_charge"]) == ("requires_payment_method", None)
    assert after["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert (await stripe.get("/charges"))["data"] == []
    assert await heard(gateway) == [
        *("payment_intent.created", "payment_intent.requires_action", "payment_intent.payment_failed"),
    ]


@pytest.mark.parametrize(
    "where",
    [
        {"setup_future_usage": "off_session"},
        {"payment_method_options": {"card": {"setup_future_usage": "off_session"}}},
    ],
)
async def test_what_pays_after_a_proof_is_kept_for_later(
    gateway: Gateway, stripe: Stripe, where: dict[str, Any]
) -> None:
    customer = await customer_of(stripe)
    intent = await stripe.paid(payment_method=ON_SETUP, customer=customer, **where)
    assert intent["status"] == "requires_action"
    assert "payment_method.attached" not in await heard(gateway)

    await approved(stripe, intent)

    after = await stripe.get(f"/payment_intents/{intent['id']}", expand=["payment_method"])
    assert (after["status"], after["payment_method"]["customer"]) == ("succeeded", customer)
    told = await heard(gateway)
    assert told[-3:] == ["charge.succeeded", "payment_intent.succeeded", "payment_method.attached"]
    again = await stripe.paid(payment_method=intent["payment_method"], customer=customer, off_session=True)
    assert again["status"] == "succeeded"


async def test_what_pays_days_after_is_kept_for_later(gateway: Gateway, stripe: Stripe) -> None:
    customer = await customer_of(stripe)
    intent = await stripe.post(
        "/payment_intents",
        amount=1_000,
        currency="gbp",
        confirm=True,
        payment_method_data={"type": "bacs_debit"},
        payment_method_types=["bacs_debit"],
        customer=customer,
        setup_future_usage="off_session",
    )
    assert intent["status"] == "processing"
    await gateway.tick(timedelta(days=30))
    after = await stripe.get(f"/payment_intents/{intent['id']}", expand=["payment_method"])
    assert (after["status"], after["payment_method"]["customer"]) == ("succeeded", customer)


async def test_a_payer_who_fails_keeps_nothing(gateway: Gateway, stripe: Stripe) -> None:
    customer = await customer_of(stripe)
    intent = await stripe.paid(payment_method=CHALLENGED, customer=customer, setup_future_usage="off_session")
    await approved(stripe, intent, "fail")
    assert "payment_method.attached" not in await heard(gateway)


async def test_another_card_takes_the_place_of_one_that_waits(gateway: Gateway, stripe: Stripe) -> None:
    waiting = await stripe.paid(payment_method=CHALLENGED)
    path = f"/payment_intents/{waiting['id']}"

    paid = await stripe.post(f"{path}/confirm", payment_method="pm_card_visa")

    assert (paid["status"], paid["next_action"]) == ("succeeded", None)
    assert await approved(stripe, waiting) == 200
    assert await stripe.get(path) == paid
    assert len((await stripe.get("/charges", payment_intent=waiting["id"]))["data"]) == 1


async def test_a_try_that_was_replaced_is_not_completed_at_any_door(gateway: Gateway, stripe: Stripe) -> None:
    waiting = await stripe.paid(payment_method=CHALLENGED)
    first = await gateway.joined.services.intents.get_any(_core_id(waiting))
    again = await stripe.post(f"/payment_intents/{waiting['id']}/confirm")
    assert again["status"] == "requires_action"

    late = await gateway.stranger.post(f"/challenge/{first.payment_id}?outcome=approve")

    assert late.status_code == 422
    assert (await stripe.get(f"/payment_intents/{waiting['id']}"))["status"] == "requires_action"
    await approved(stripe, again)
    assert (await stripe.get(f"/payment_intents/{waiting['id']}"))["status"] == "succeeded"
    assert len((await stripe.get("/charges"))["data"]) == 1


@pytest.mark.parametrize("change", [{"amount": 2_000}, {"payment_method": "pm_card_visa"}])
async def test_what_changes_while_a_payer_is_asked_has_to_be_confirmed_again(
    gateway: Gateway, stripe: Stripe, change: dict[str, Any]
) -> None:
    waiting = await stripe.paid(1_000, payment_method=CHALLENGED)
    path = f"/payment_intents/{waiting['id']}"
    changed = await stripe.post(path, **change)
    assert (changed["status"], changed["next_action"]) == ("requires_confirmation", None)
    await approved(stripe, waiting)
    assert await stripe.get(path) == changed
    tried = (await gateway.joined.services.intents.get_any(_core_id(waiting))).payment_id
    late = await gateway.stranger.get(f"/challenge/{tried}")
    assert "This payment is FAILED" in late.text


def _core_id(intent: dict[str, Any]) -> str:
    found = decode("pi", intent["id"])
    assert found is not None
    return found


async def test_nobody_who_is_away_has_to_return_anywhere(stripe: Stripe) -> None:
    customer = (await stripe.post("/customers"))["id"]
    saved = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer)
    wanted = {"amount": 500, "currency": "usd", "customer": customer, "payment_method": saved["id"]}

    paid = await stripe.post("/payment_intents", confirm=True, off_session=True, **wanted)

    assert paid["status"] == "succeeded"
