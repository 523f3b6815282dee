"""The wire without a library: what curl, a proxy or a library in another language sees."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.support.server import RunningServer

INTENT = {"amount": "2000", "currency": "usd", "payment_method_types[]": "card"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def curl(stripe_server: RunningServer) -> Iterator[httpx.Client]:
    """Without a key."""
    with httpx.Client(base_url=stripe_server.base_url, timeout=20) as plain:
        yield plain


def test_every_answer_names_its_request_and_version(wire: httpx.Client) -> None:
    for answer, status in (
        (wire.post("/v1/customers", data={"name": "Jenny"}), 200),
        (wire.get("/v1/customers"), 200),
        (wire.get("/v1/customers/cus_unknown"), 404),
        (wire.get("/v1/nothing"), 404),
        (wire.post("/v1/payment_intents"), 400),
    ):
        assert answer.status_code == status
        assert answer.headers["request-id"].startswith("req_")
        assert answer.headers["stripe-version"]
        assert answer.headers["content-type"] == "application/json"


def test_the_version_asked_for_is_the_version_answered(wire: httpx.Client) -> None:
    answer = wire.get("/v1/customers", headers={"stripe-version": "2024-06-20"})

    assert answer.headers["stripe-version"] == "2024-06-20"


def test_answers_are_indented_by_two(wire: httpx.Client) -> None:
    answer = wire.post("/v1/customers", data={"name": "Jenny"})

    assert f'{{\n  "id": "{answer.json()["id"]}",\n  "object": "customer",' in answer.text
    assert json.dumps(answer.json(), indent=2, ensure_ascii=False) == answer.text.rstrip("\n")


def test_an_error_is_in_its_envelope(wire: httpx.Client) -> None:
    answer = wire.get("/v1/payment_intents/pi_unknown")

    assert list(answer.json()) == ["error"]
    error = answer.json()["error"]
    assert (error["type"], error["code"], error["param"]) == (
        *("invalid_request_error", "resource_missing", "intent"),
    )
    assert error["message"] == "No such payment_intent: 'pi_unknown'"
    assert error["doc_url"] == "https://stripe.com/docs/error-codes/resource-missing"
    assert answer.headers["request-id"] in error["request_log_url"]


def test_a_key_is_echoed_and_a_replay_says_so(wire: httpx.Client) -> None:
    headers = {"idempotency-key": "order 1"}
    first = wire.post("/v1/payment_intents", data=INTENT, headers=headers)
    again = wire.post("/v1/payment_intents", data=INTENT, headers=headers)

    assert first.headers["idempotency-key"] == again.headers["idempotency-key"] == "order 1"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content
    assert again.headers["request-id"] != first.headers["request-id"]


def test_the_order_and_encoding_of_parameters_do_not_matter_to_a_key(wire: httpx.Client) -> None:
    headers = {"idempotency-key": "order-1", **FORM}
    first = wire.post(
        "/v1/payment_intents", content="amount=2000&currency=usd&metadata[a]=1%202", headers=headers
    )
    again = wire.post(
        "/v1/payment_intents", content="metadata%5Ba%5D=1+2&currency=usd&amount=2000", headers=headers
    )

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["idempotent-replayed"] == "true"


def test_reading_has_no_key(wire: httpx.Client) -> None:
    assert "idempotency-key" not in wire.get("/v1/customers", headers={"idempotency-key": "x"}).headers


@pytest.mark.parametrize("told", [b"x" * 256, b"\xe9", b""])
def test_a_key_that_is_none_is_refused(wire: httpx.Client, told: bytes) -> None:
    answer = wire.post("/v1/customers", headers=[(b"idempotency-key", told)])

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] in ("idempotency_error", "invalid_request_error")


def test_a_server_says_whether_to_try_again(wire: httpx.Client) -> None:
    assert wire.post("/v1/payment_intents").headers["stripe-should-retry"] == "false"
    declined = {**INTENT, "confirm": "true", "payment_method": "pm_card_chargeDeclined"}
    answer = wire.post("/v1/payment_intents", data=declined)
    assert answer.status_code == 402
    assert answer.headers.get("stripe-should-retry", "false") == "false"


def test_a_key_is_given_as_the_user_of_basic(curl: httpx.Client, key: str) -> None:
    answer = curl.post("/v1/customers", data={"name": "Jenny"}, auth=(key, ""))
    assert answer.status_code == 200

    found = curl.get(f"/v1/customers/{answer.json()['id']}", headers={"authorization": f"Bearer {key}"})
    assert found.json()["name"] == "Jenny"


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic", "Basic !!!", "Digest x", "sk_test_1"])
def test_without_a_key_nobody_is_let_in(curl: httpx.Client, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = curl.get("/v1/customers", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_lists_in_forms_are_written_three_ways(wire: httpx.Client) -> None:
    ways = (
        "payment_method_types[]=card&payment_method_types[]=link",
        "payment_method_types[0]=card&payment_method_types[1]=link",
        "payment_method_types%5B1%5D=link&payment_method_types%5B0%5D=card",
    )
    for way in ways:
        answer = wire.post("/v1/payment_intents", content=f"amount=2000&currency=usd&{way}", headers=FORM)
        assert answer.status_code == 200, answer.text
        assert answer.json()["payment_method_types"] == ["card", "link"]


def test_queries_are_read_like_forms(wire: httpx.Client) -> None:
    wire.post("/v1/customers", data={"email": "jenny+test@example.com"})

    found = wire.get(
        "/v1/customers?email=jenny%2Btest@example.com&created[gte]=1&limit=3&expand[]=data.sources"
    )
    lost = wire.get("/v1/customers?created%5Blt%5D=1")

    assert [each["email"] for each in found.json()["data"]] == ["jenny+test@example.com"]
    assert lost.json()["data"] == []


ODD_FORMS = [
    "amount=2000&amount=3000&currency=usd",
    "amount[x]=1&currency=usd",
    "amount=2000&currency=usd&metadata=x",
    "amount=2000&currency=usd&metadata[a][b]=x",
    "amount=2000&currency=usd&metadata[]=x",
    "amount=2000&currency=usd&metadata[a",
    "amount=2000&currency=usd&[a]=x",
    "amount=2000&currency=usd&shipping[address]=x",
    "amount=2000&currency=usd&payment_method_types[x]=card",
    "amount=2000&currency=usd&payment_method_types[99999999999]=card",
    "amount=2000&currency=usd&description=%FF%FE",
    "amount=2000&currency=usd&description=%00",
    "amount=2000&currency=usd&" + "a[" * 500,
    "amount=2000&currency=usd&x" + "[y]" * 200 + "=1",
    "&".join(f"metadata[k{number}]=v" for number in range(60)) + "&amount=2000&currency=usd",
    "%",
    "=&=&=",
    "amount=%zz&currency=usd",
    "amount=٢٠٠٠&currency=usd",
    "amount=1e3&currency=usd",
    "amount=0x10&currency=usd",
    "amount= 2000&currency=usd",
    "amount=2_000&currency=usd",
    "amount=+2000&currency=usd",
]


@pytest.mark.parametrize("form", ODD_FORMS)
def test_an_odd_form_is_a_bad_request_at_worst(wire: httpx.Client, form: str) -> None:
    answer = wire.post("/v1/payment_intents", content=form.encode(), headers=FORM)

    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        assert answer.json()["error"]["type"] == "invalid_request_error"


def test_json_is_not_a_form(wire: httpx.Client) -> None:
    answer = wire.post("/v1/customers", json={"name": "Jenny"})

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_an_empty_body_is_no_parameters(wire: httpx.Client) -> None:
    assert wire.post("/v1/customers", content=b"", headers=FORM).status_code == 200
    assert wire.post("/v1/customers").status_code == 200


def test_parameters_of_a_post_may_be_in_its_query(wire: httpx.Client) -> None:
    answer = wire.post("/v1/customers?name=Jenny")

    assert answer.json()["name"] == "Jenny"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_no_other_methods_are_known(wire: httpx.Client, method: str) -> None:
    answer = wire.request(method, "/v1/payment_intents")

    assert answer.status_code in (404, 405)
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_an_address_that_ends_in_a_slash_is_unknown(wire: httpx.Client) -> None:
    answer = wire.get("/v1/customers/")

    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_head_is_a_get_without_its_body(wire: httpx.Client) -> None:
    answer = wire.head("/v1/customers")

    assert (answer.status_code, answer.content) == (200, b"")
