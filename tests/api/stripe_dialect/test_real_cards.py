"""A card number that could be real: wherever it was put, no answer repeats it and nothing keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.told import told
from tests.support.gateway import Gateway, stored_bytes
from tests.support.real_card import REAL_CARD as NUMBER

WRITTEN: Final = (NUMBER, "%20".join(NUMBER[n : n + 4] for n in (0, 4, 8, 12)), f"%22{NUMBER}%22")
PRICE: Final = {"currency": "usd", "unit_amount": 700, "product_data": {"name": "Tea"}}
SESSION: Final[dict[str, Any]] = {
    "mode": "payment",
    "success_url": "https://shop.example/done",
    "line_items": [{"price_data": PRICE, "quantity": 1}],
}
CARD: Final = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2031}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/customers/{}"),
        ("GET", "/customers?starting_after={}"),
        ("GET", "/customers?expand[]={}"),
        ("GET", "/customers/search?query={}"),
        ("GET", "/accounts/{}"),
        ("GET", "/nothing/{}"),
        ("GET", "/balance_transactions?currency={}"),
        ("POST", "/sources?type={}"),
        ("POST", "/payment_intents?amount=100&currency={}"),
        ("POST", "/payment_intents?amount=100&currency=usd&customer={}"),
    ],
)
async def test_a_refusal_does_not_repeat_it(stripe: Stripe, method: str, path: str, written: str) -> None:
    answer = await stripe.client.request(method, f"/v1{path.format(written.replace('%', '%25'))}")

    assert 400 <= answer.status_code < 500
    assert not any(written[start : start + 12] in answer.text for start in range(len(written) - 11))


@pytest.mark.parametrize(
    ("path", "parameters", "param"),
    [
        ("/webhook_endpoints", {"url": "http://receiver.test/{}", "enabled_events": ["*"]}, "url"),
        ("/checkout/sessions", {**SESSION, "success_url": "https://shop.example/{}"}, "success_url"),
        ("/checkout/sessions", {**SESSION, "cancel_url": "https://shop.example/{}"}, "cancel_url"),
        (
            "/payment_intents",
            {
                "amount": 1_000,
                "currency": "usd",
                "confirm": True,
                "payment_method": "pm_card_visa",
                "return_url": "app://paid/{}",
            },
            "return_url",
        ),
        ("/tokens", {"card": {**CARD, "currency": "{}"}}, "card[currency]"),
        *(
            (
                "/payment_intents",
                {"amount": 500, "currency": "brl", "payment_method_options": {"pix": options}},
                f"payment_method_options[pix]{name}",
            )
            for options, name in (
                ({"expires_at": "{}"}, "[expires_at]"),
                ({"mandate_options": {"amount": "{}"}}, "[mandate_options][amount]"),
            )
        ),
        *(
            ("/payment_methods", {"type": "sepa_debit", "sepa_debit": {"iban": iban}}, "sepa_debit[iban]")
            for iban in ("{}", "DE{}", "DE12 {}")
        ),
    ],
)
async def test_what_cannot_be_masked_is_refused(
    stripe: Stripe, path: str, parameters: dict[str, Any], param: str
) -> None:
    error = await stripe.refused("POST", path, **with_number(parameters))

    assert error["param"] == param
    assert NUMBER not in str(error)


def with_number(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: with_number(each) for name, each in value.items()}
    return value.format(NUMBER) if isinstance(value, str) else value


async def test_keys_of_metadata_are_masked_wherever_it_is(
    stripe: Stripe, gateway: Gateway, tmp_path: Path
) -> None:
    await stripe.post(
        "/checkout/sessions", **SESSION, payment_intent_data={"metadata": {f"card {NUMBER}": "x"}}
    )

    await gateway.joined.database.close()
    assert NUMBER.encode() not in stored_bytes(tmp_path)


async def test_a_security_code_in_free_text_is_kept_nowhere(
    stripe: Stripe, gateway: Gateway, tmp_path: Path
) -> None:
    made = await stripe.post(
        "/customers", description="cvc: 7391", name="CVC 7391", metadata={"card_cvc": "7391", "order": "7392"}
    )
    error = await stripe.refused("POST", "/payment_intents", amount="cvc 7391", currency="usd")

    assert (made["description"], made["name"]) == ("cvc: ****", "CVC ****")
    assert made["metadata"] == {"card_cvc": "****", "order": "7392"}
    assert error["message"].endswith(": cvc ****")
    await gateway.joined.database.close()
    assert b"7391" not in stored_bytes(tmp_path)
    assert b"7392" in stored_bytes(tmp_path)


async def test_an_idempotency_key_is_told_masked(stripe: Stripe, gateway: Gateway, tmp_path: Path) -> None:
    key = f"order {NUMBER}"

    answer = await stripe.client.post("/v1/customers", headers={"Idempotency-Key": key})

    [event] = await told(gateway)
    masked = f"order {'*' * 12}{NUMBER[-4:]}"
    assert (event["request"]["idempotency_key"], answer.headers["idempotency-key"]) == (masked, masked)
    await gateway.joined.database.close()
    assert NUMBER.encode() not in stored_bytes(tmp_path)
