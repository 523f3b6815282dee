"""Customers and saved instruments are one ledger's: whichever API made them, the other one has them too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from kessai.dialects.stripe.ids import decode, decode_short, encode, encode_short
from kessai.simulation.instrument_table import PublishedInstrument
from kessai.simulation.other_cards import OTHER_CARDS
from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway
from tests.support.payers import card

KEY = "sk_test_of_this_test"
OTHERS = ["upi", "wallet", "netbanking", "konbini", "bank_transfer"]


async def native(gateway: Gateway, stripe: Stripe) -> httpx.AsyncClient:
    """The native API for the merchant that the Stripe client is."""
    await stripe.get("/customers")
    return gateway.client_with(KEY)


async def posted(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_what_the_native_api_saved_pays_by_stripes(gateway: Gateway, stripe: Stripe) -> None:
    client = await native(gateway, stripe)
    owner = await posted(client, "/customers", email="hanako@example.com")
    saved = await posted(client, "/instruments", customer_id=owner["id"], **card())
    name, method = encode_short(owner["id"]), encode("pm", saved["id"])
    assert (await stripe.get(f"/customers/{name}"))["email"] == "hanako@example.com"
    assert (await stripe.get(f"/payment_methods/{method}"))["customer"] == name
    paid = await stripe.paid(customer=name, payment_method=method)
    assert paid["status"] == "succeeded"
    tried = (await client.get(f"/payments/{decode('ch', paid['latest_charge'])}")).json()
    assert (tried["customer_id"], tried["instrument_id"]) == (owner["id"], saved["id"])
    assert tried["intent_id"] == decode("pi", paid["id"])


async def test_what_stripes_api_saved_pays_by_the_native_one(gateway: Gateway, stripe: Stripe) -> None:
    client = await native(gateway, stripe)
    owner = await stripe.post("/customers", email="hanako@example.com")
    saved = await stripe.post("/payment_methods/pm_card_visa/attach", customer=owner["id"])
    instrument_id = decode("pm", saved["id"])
    paid = await posted(client, "/payments", amount=1_000, currency="USD", instrument_id=instrument_id)
    assert (paid["status"], paid["customer_id"]) == ("CAPTURED", decode_short(owner["id"]))
    charge = await stripe.get(f"/charges/{encode('ch', paid['id'])}")
    assert (charge["customer"], charge["payment_method"]) == (owner["id"], saved["id"])
    assert charge["payment_method_details"]["card"]["last4"] == "4242"


async def test_a_decline_with_a_saved_card_says_why_to_both(gateway: Gateway, stripe: Stripe) -> None:
    client = await native(gateway, stripe)
    saved = await posted(client, "/instruments", **card("4000000000009995"))
    paid = await posted(client, "/payments", amount=1_000, instrument_id=saved["id"])
    assert paid["error_code"] == "INSUFFICIENT_FUNDS"
    charge = await stripe.get(f"/charges/{encode('ch', paid['id'])}")
    assert (charge["status"], charge["failure_code"]) == ("failed", "card_declined")
    assert charge["outcome"]["reason"] == "insufficient_funds"


@pytest.mark.parametrize("kind", OTHERS)
async def test_what_is_no_card_is_shown_by_stripes_api(gateway: Gateway, stripe: Stripe, kind: str) -> None:
    client = await native(gateway, stripe)
    body = {"type": kind} | ({"upi": {"vpa": "a@b"}} if kind == "upi" else {})
    saved = await posted(client, "/instruments", **body)
    method = encode("pm", saved["id"])
    shown = await stripe.get(f"/payment_methods/{method}")
    assert shown["type"] == (kind if kind in ("upi", "konbini") else "custom")
    paid = await posted(client, "/payments", amount=1_000, instrument_id=saved["id"])
    # a slip is no charge before it is paid
    await gateway.tick(timedelta(minutes=1))
    charge = await stripe.get(f"/charges/{encode('py', paid['id'])}")
    assert charge["payment_method"] == method
    tried = await stripe.post(
        "/payment_intents",
        amount=1_000,
        currency="usd",
        confirm=True,
        payment_method=method,
        automatic_payment_methods={"enabled": True, "allow_redirects": "never"},
    )
    waiting = {"konbini": "requires_action", "bank_transfer": "processing"}
    assert tried["status"] == waiting.get(kind, "succeeded")


@pytest.mark.parametrize("row", OTHER_CARDS[::9], ids=lambda row: row.names[0])
async def test_a_saved_card_that_is_not_stripes_own_is_shown_by_its_api(
    gateway: Gateway, stripe: Stripe, row: PublishedInstrument
) -> None:
    client = await native(gateway, stripe)
    saved = await posted(client, "/instruments", **card(row.number or ""))
    shown = await stripe.get(f"/payment_methods/{encode('pm', saved['id'])}")
    assert (shown["card"]["brand"], shown["card"]["last4"]) == (row.brand, row.last4)


async def test_what_the_native_api_detached_is_not_used_again(gateway: Gateway, stripe: Stripe) -> None:
    client = await native(gateway, stripe)
    owner = await stripe.post("/customers")
    saved = await stripe.post("/payment_methods/pm_card_visa/attach", customer=owner["id"])
    await posted(client, f"/instruments/{decode('pm', saved['id'])}/detach")
    error = await stripe.refused("POST", f"/payment_methods/{saved['id']}/attach", customer=owner["id"])
    assert "may not be used again" in error["message"]


async def test_an_intent_of_the_native_api_is_confirmed_by_stripes(gateway: Gateway, stripe: Stripe) -> None:
    client = await native(gateway, stripe)
    saved = await posted(client, "/instruments", **card("4000000000009995"))
    made = await posted(client, "/intents", amount=1_000, currency="USD", capture_method="manual")
    failed = await posted(client, f"/intents/{made['id']}/confirm", instrument_id=saved["id"])
    assert failed["error_code"] == "INSUFFICIENT_FUNDS"
    name = encode("pi", made["id"])
    shown = await stripe.get(f"/payment_intents/{name}")
    assert (shown["status"], shown["capture_method"]) == ("requires_payment_method", "manual")
    assert shown["last_payment_error"]["decline_code"] == "insufficient_funds"
    await stripe.post(f"/payment_intents/{name}", description="mine")
    held = await stripe.post(f"/payment_intents/{name}/confirm", payment_method="pm_card_visa")
    assert held["status"] == "requires_capture"
    assert (await posted(client, f"/intents/{made['id']}/capture"))["status"] == "SUCCEEDED"


async def test_an_intent_of_stripes_api_is_tried_by_the_native_one(gateway: Gateway, stripe: Stripe) -> None:
    client = await native(gateway, stripe)
    owner = await stripe.post("/customers")
    wanted = await stripe.post(
        "/payment_intents",
        amount=1_000,
        currency="usd",
        customer=owner["id"],
        payment_method="pm_card_visa",
        setup_future_usage="off_session",
    )
    paid = await posted(client, f"/intents/{decode('pi', wanted['id'])}/confirm")
    assert paid["status"] == "SUCCEEDED"
    kept = (await client.get(f"/instruments/{paid['instrument_id']}")).json()
    assert (kept["customer_id"], kept["is_set_up"]) == (decode_short(owner["id"]), True)


async def test_a_setup_of_the_native_api_is_confirmed_by_stripes(gateway: Gateway, stripe: Stripe) -> None:
    client = await native(gateway, stripe)
    made = await posted(client, "/setups")
    name = encode("seti", made["id"])
    await stripe.post(f"/setup_intents/{name}", description="mine")
    done = await stripe.post(f"/setup_intents/{name}/confirm", payment_method="pm_card_visa")
    assert done["status"] == "succeeded"
    assert (await client.get(f"/setups/{made['id']}")).json()["status"] == "SUCCEEDED"


async def test_a_wallet_that_was_set_up_has_a_try_that_stripes_api_shows(
    gateway: Gateway, stripe: Stripe
) -> None:
    client = await native(gateway, stripe)
    saved = await posted(client, "/instruments", type="wallet")
    made = await posted(client, "/setups", instrument_id=saved["id"])
    await posted(client, f"/setups/{made['id']}/confirm")
    tried = await stripe.get("/setup_attempts", setup_intent=encode("seti", made["id"]))
    assert [each["payment_method_details"] for each in tried["data"]] == [{"type": "custom"}]
