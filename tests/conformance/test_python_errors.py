"""Refusals with Stripe's library for Python: each arrives as the exception that integrators catch."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import stripe

from tests.conformance.flows import NEVER_HEARD_OF, ClientOf, charge_of, error_of, held, paid, payment
from tests.conftest import migrate_to_head
from tests.support.server import RunningServer

DECLINES = [
    ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
    ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
    ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
    ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"),
    ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
    ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
    ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ("pm_card_radarBlock", "card_declined", "fraudulent"),
]


@pytest.mark.parametrize(("method", "code", "decline_code"), DECLINES)
def test_a_decline_is_a_card_error(
    client: stripe.StripeClient, method: str, code: str, decline_code: str | None
) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        paid(client, payment_method=method)

    error = error_of(refusal.value)
    assert (refusal.value.http_status, refusal.value.code, error.type) == (402, code, "card_error")
    if decline_code is not None:
        assert error.decline_code == decline_code
    assert refusal.value.user_message
    assert error.doc_url is not None
    assert error.doc_url.endswith(code.replace("_", "-"))
    assert error.charge is not None
    assert error.charge.startswith("ch_")
    assert error.payment_method is not None
    assert error.payment_method.object == "payment_method"
    assert error.payment_intent is not None
    assert error.payment_intent.status == "requires_payment_method"
    assert error.payment_intent.latest_charge == error.charge
    assert error.payment_intent.last_payment_error is not None
    assert error.payment_intent.last_payment_error.code == code


CARDS_THAT_CANNOT_BE: list[tuple[dict[str, Any], str, str]] = [
    ({"number": "4242424242424241"}, "incorrect_number", "number"),
    ({"exp_month": 13}, "invalid_expiry_month", "exp_month"),
    ({"exp_year": 2001}, "invalid_expiry_year", "exp_year"),
    ({"cvc": "99"}, "invalid_cvc", "cvc"),
]


@pytest.mark.parametrize(("wrong", "code", "param"), CARDS_THAT_CANNOT_BE)
def test_a_card_that_cannot_be_is_a_card_error(
    client: stripe.StripeClient, wrong: dict[str, Any], code: str, param: str
) -> None:
    card = {"number": "4242424242424242", "exp_month": 8, "exp_year": 2031, "cvc": "314", **wrong}
    described = payment(payment_method_data={"type": "card", "card": card})
    del described["payment_method"]

    with pytest.raises(stripe.CardError) as refusal:
        client.v1.payment_intents.create(params=described)

    assert (refusal.value.http_status, refusal.value.code) == (402, code)
    assert refusal.value.param is not None
    assert param in refusal.value.param


def test_a_decline_is_kept_and_can_be_looked_up(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        paid(client, payment_method="pm_card_chargeDeclined", metadata={"order": "7"})
    told = error_of(refusal.value).payment_intent
    assert told is not None

    intent = client.v1.payment_intents.retrieve(told.id)

    assert (intent.status, intent.metadata["order"]) == ("requires_payment_method", "7")
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.decline_code == "generic_decline"


def test_an_unknown_id_in_the_path_is_not_found(client: stripe.StripeClient) -> None:
    asks: list[tuple[Callable[[], object], str]] = [
        (lambda: client.v1.payment_intents.retrieve(NEVER_HEARD_OF), "intent"),
        (lambda: client.v1.customers.retrieve("cus_NeverHeardOfIt"), "id"),
        (lambda: client.v1.charges.retrieve("ch_NeverHeardOfNeverHeard00"), "id"),
        (lambda: client.v1.refunds.retrieve("re_NeverHeardOfNeverHeard00"), "id"),
    ]
    for ask, param in asks:
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            ask()
        assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
        assert refusal.value.param == param
        assert "No such" in str(refusal.value)


def test_an_id_of_another_kind_is_not_found(client: stripe.StripeClient) -> None:
    intent = paid(client)

    for wrong in (str(intent.latest_charge), "cus_123", "", " ", "pi_", "x" * 200, "pi_é"):
        with pytest.raises((stripe.InvalidRequestError, ValueError)):
            client.v1.payment_intents.confirm(wrong or "%20")


def test_an_unknown_id_in_a_parameter_is_a_bad_request(client: stripe.StripeClient) -> None:
    intents, refunds = client.v1.payment_intents, client.v1.refunds
    asks: list[tuple[Callable[[], object], str]] = [
        (lambda: intents.create(params=payment(customer="cus_NeverHeardOfIt")), "customer"),
        (lambda: paid(client, payment_method="pm_NeverHeardOfNeverHeard00"), "payment_method"),
        (lambda: refunds.create(params={"payment_intent": NEVER_HEARD_OF}), "payment_intent"),
        (lambda: refunds.create(params={"charge": "ch_NeverHeardOfNeverHeard00"}), "charge"),
        (lambda: intents.list(params={"starting_after": NEVER_HEARD_OF}), "starting_after"),
    ]
    for ask, param in asks:
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            ask()
        assert (refusal.value.http_status, refusal.value.code) == (400, "resource_missing")
        assert refusal.value.param == param


WRONG: list[tuple[dict[str, Any], str | None, str]] = [
    ({"currency": "usd"}, "parameter_missing", "amount"),
    ({"amount": 2_000}, "parameter_missing", "currency"),
    ({"amount": 20.5, "currency": "usd"}, "parameter_invalid_integer", "amount"),
    ({"amount": "much", "currency": "usd"}, "parameter_invalid_integer", "amount"),
    ({"amount": -1, "currency": "usd"}, None, "amount"),
    ({"amount": 49, "currency": "usd"}, "amount_too_small", "amount"),
    ({"amount": 49, "currency": "jpy"}, "amount_too_small", "amount"),
    ({"amount": 100_000_000, "currency": "usd"}, "amount_too_large", "amount"),
    ({"amount": 10**30, "currency": "usd"}, None, "amount"),
    ({"amount": 2_000, "currency": "xyz"}, None, "currency"),
    ({"amount": 2_000, "currency": ""}, None, "currency"),
    ({"amount": 2_000, "currency": "usd", "colour": "red"}, "parameter_unknown", "colour"),
    ({"amount": 2_000, "currency": "usd", "shipping": {"hat": "x"}}, "parameter_unknown", "shipping[hat]"),
    ({"amount": 2_000, "currency": "usd", "capture_method": "never"}, None, "capture_method"),
    ({"amount": 2_000, "currency": "usd", "confirm": "perhaps"}, None, "confirm"),
    ({"amount": 2_000, "currency": "usd", "metadata": {"k" * 41: "v"}}, None, "metadata"),
    ({"amount": 2_000, "currency": "usd", "metadata": {"k": "v" * 501}}, None, "metadata"),
    (
        {"amount": 2_000, "currency": "usd", "statement_descriptor_suffix": "x" * 23},
        None,
        "statement_descriptor_suffix",
    ),
]


@pytest.mark.parametrize(("given", "code", "param"), WRONG)
def test_a_wrong_parameter_is_named(
    client: stripe.StripeClient, given: Any, code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.create(params=given)

    assert refusal.value.http_status == 400
    assert str(refusal.value.param).startswith(param)
    if code is not None:
        assert refusal.value.code == code
    assert error_of(refusal.value).type == "invalid_request_error"
    assert client.v1.payment_intents.list().data == []


def test_what_cannot_be_done_where_it_stands_shows_the_intent(client: stripe.StripeClient) -> None:
    intents = client.v1.payment_intents
    done = paid(client)
    canceled = intents.cancel(held(client).id)

    asks: list[tuple[Callable[[], object], stripe.PaymentIntent]] = [
        (lambda: intents.capture(done.id), done),
        (lambda: intents.cancel(done.id), done),
        (lambda: intents.confirm(done.id), done),
        (lambda: intents.confirm(canceled.id, params={"payment_method": "pm_card_visa"}), canceled),
        (lambda: intents.capture(canceled.id), canceled),
        (lambda: intents.cancel(canceled.id), canceled),
    ]
    for ask, intent in asks:
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            ask()
        assert (refusal.value.http_status, refusal.value.code) == (400, "payment_intent_unexpected_state")
        told = error_of(refusal.value).payment_intent
        assert told is not None
        assert (told.id, told.status) == (intent.id, intent.status)


def test_more_than_is_held_is_not_captured(client: stripe.StripeClient) -> None:
    intent = held(client, 2_000)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.capture(intent.id, params={"amount_to_capture": 2_001})

    assert (refusal.value.code, refusal.value.param) == ("amount_too_large", "amount_to_capture")
    assert charge_of(client, intent).captured is False


def test_nothing_is_confirmed_without_a_method(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(params={"amount": 2_000, "currency": "usd"})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.confirm(intent.id)

    assert refusal.value.http_status == 400
    assert refusal.value.code in ("parameter_missing", "payment_intent_unexpected_state")


def test_an_address_that_the_api_does_not_have_is_not_found(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.raw_request("get", "/v1/nothing_like_this")

    assert refusal.value.http_status == 404
    assert "Unrecognized request URL (GET: /v1/nothing_like_this)" in str(refusal.value)


def test_what_is_not_simulated_is_said_to_be_so(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.issuing.cards.list()

    assert refusal.value.http_status is not None
    assert 400 <= refusal.value.http_status < 500
    assert "not simulated" in str(refusal.value)


@pytest.mark.parametrize("wrong", ["sk_test_", "nonsense", "sk_live_4eC39HqLyjW", "rzp_test_1"])
def test_a_key_that_is_none_is_not_authenticated(client_of: ClientOf, wrong: str) -> None:
    with pytest.raises(stripe.AuthenticationError) as refusal:
        client_of(wrong).v1.customers.list()

    assert refusal.value.http_status == 401
    assert error_of(refusal.value).type == "invalid_request_error"
    assert wrong not in str(refusal.value) or len(wrong) < 10


def test_a_publishable_key_may_not_do_what_a_server_does(client_of: ClientOf, key: str) -> None:
    browser = client_of(key.replace("sk_", "pk_"))

    asks: list[Callable[[], object]] = [
        browser.v1.customers.list,
        browser.v1.payment_intents.list,
        browser.v1.refunds.list,
    ]
    for ask in asks:
        with pytest.raises(stripe.AuthenticationError) as refusal:
            ask()
        assert refusal.value.http_status == 401
        # The library leaves the code of this class in the body. Any: parsed JSON.
        body: Any = refusal.value.json_body
        assert body["error"]["code"] == "secret_key_required"


def test_one_key_for_two_requests_is_an_idempotency_error(client: stripe.StripeClient) -> None:
    create = client.v1.payment_intents.create
    create(params={"amount": 2_000, "currency": "usd"}, options={"idempotency_key": "order-1"})

    with pytest.raises(stripe.IdempotencyError) as refusal:
        create(params={"amount": 2_001, "currency": "usd"}, options={"idempotency_key": "order-1"})

    assert refusal.value.http_status == 400
    assert error_of(refusal.value).type == "idempotency_error"
    assert len(client.v1.payment_intents.list().data) == 1


def test_nobody_there_is_a_connection_error(client_of: ClientOf, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    nobody = client_of(key, base_addresses={"api": f"http://127.0.0.1:{port}"})

    with pytest.raises(stripe.APIConnectionError) as refusal:
        nobody.v1.customers.list()

    assert refusal.value.http_status is None
    assert refusal.value.should_retry is True


def test_too_many_requests_are_a_rate_limit_error(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kessai.db'}"
    migrate_to_head(url)
    with RunningServer("--db", url, "--rate-limit", "3", directory=tmp_path) as server:
        client = stripe.StripeClient(
            f"sk_test_{uuid4().hex}", base_addresses={"api": server.base_url}, max_network_retries=0
        )
        for _ in range(3):
            client.v1.customers.list()
        with pytest.raises(stripe.RateLimitError) as refusal:
            client.v1.customers.list()

    assert (refusal.value.http_status, error_of(refusal.value).code) == (429, "rate_limit")
    assert refusal.value.headers is not None
    assert int(refusal.value.headers["retry-after"]) > 0


def test_every_refusal_has_the_id_of_its_request(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as first:
        client.v1.payment_intents.retrieve(NEVER_HEARD_OF)
    with pytest.raises(stripe.InvalidRequestError) as second:
        client.v1.payment_intents.retrieve(NEVER_HEARD_OF)

    assert first.value.request_id is not None
    assert first.value.request_id.startswith("req_")
    assert first.value.request_id != second.value.request_id
    assert f"Request {first.value.request_id}:" in str(first.value)
