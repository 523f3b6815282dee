"""The OpenAPI document: what generated clients and readers rely on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from kessai.dialects.native.errors import STATUS
from kessai.storage.scanning import SCANNED_MAX
from kessai.storage.windows import LOOKED_AT_MAX
from tests.conftest import migrate_to_head
from tests.support.gateway import Gateway, opened_gateway
from tests.support.payers import attached_card, customer

Document = dict[str, Any]

OPERATIONS = """
POST /api/v1/payments create_payment
GET /api/v1/payments list_payments
GET /api/v1/payments/{payment_id} get_payment
POST /api/v1/payments/{payment_id}/capture capture_payment
POST /api/v1/payments/{payment_id}/cancel cancel_payment
POST /api/v1/payments/{payment_id}/increment increment_payment
POST /api/v1/payments/{payment_id}/refund refund_payment
GET /api/v1/payments/{payment_id}/refunds list_payment_refunds
GET /api/v1/payments/{payment_id}/timeline get_payment_timeline
POST /api/v1/refunds create_refund
GET /api/v1/refunds/{refund_id} get_refund
GET /api/v1/disputes list_disputes
GET /api/v1/disputes/{dispute_id} get_dispute
POST /api/v1/disputes/{dispute_id}/evidence answer_dispute
POST /api/v1/disputes/{dispute_id}/accept accept_dispute
GET /api/v1/balance get_balance
GET /api/v1/balance/entries list_balance_entries
POST /api/v1/payouts create_payout
GET /api/v1/payouts list_payouts
GET /api/v1/payouts/{payout_id} get_payout
POST /api/v1/payouts/{payout_id}/cancel cancel_payout
POST /api/v1/customers create_customer
GET /api/v1/customers list_customers
GET /api/v1/customers/{customer_id} get_customer
PATCH /api/v1/customers/{customer_id} update_customer
DELETE /api/v1/customers/{customer_id} delete_customer
GET /api/v1/customers/{customer_id}/instruments list_customer_instruments
GET /api/v1/customers/{customer_id}/payments list_customer_payments
POST /api/v1/instruments create_instrument
GET /api/v1/instruments list_instruments
GET /api/v1/instruments/{instrument_id} get_instrument
PATCH /api/v1/instruments/{instrument_id} update_instrument
POST /api/v1/instruments/{instrument_id}/attach attach_instrument
POST /api/v1/instruments/{instrument_id}/detach detach_instrument
DELETE /api/v1/instruments/{instrument_id} delete_instrument
POST /api/v1/intents create_intent
GET /api/v1/intents list_intents
GET /api/v1/intents/{intent_id} get_intent
PATCH /api/v1/intents/{intent_id} update_intent
GET /api/v1/intents/{intent_id}/payments list_intent_payments
POST /api/v1/intents/{intent_id}/confirm confirm_intent
POST /api/v1/intents/{intent_id}/capture capture_intent
POST /api/v1/intents/{intent_id}/cancel cancel_intent
POST /api/v1/setups create_setup
GET /api/v1/setups list_setups
GET /api/v1/setups/{setup_id} get_setup
POST /api/v1/setups/{setup_id}/confirm confirm_setup
POST /api/v1/setups/{setup_id}/cancel cancel_setup
GET /challenge/setups/{setup_id} show_setup_challenge
POST /challenge/setups/{setup_id} answer_setup_challenge
GET /api/v1/merchants/me get_merchant
PATCH /api/v1/merchants/me update_merchant
POST /api/v1/merchants/me/api-keys create_api_key
GET /api/v1/merchants/me/api-keys list_api_keys
POST /api/v1/merchants/me/api-keys/{key_id}/rotate rotate_api_key
DELETE /api/v1/merchants/me/api-keys/{key_id} revoke_api_key
POST /api/v1/webhooks/endpoints create_webhook_endpoint
GET /api/v1/webhooks/endpoints list_webhook_endpoints
GET /api/v1/webhooks/endpoints/{endpoint_id} get_webhook_endpoint
PATCH /api/v1/webhooks/endpoints/{endpoint_id} update_webhook_endpoint
DELETE /api/v1/webhooks/endpoints/{endpoint_id} delete_webhook_endpoint
GET /api/v1/webhooks/endpoints/{endpoint_id}/secret get_webhook_endpoint_secret
POST /api/v1/webhooks/endpoints/{endpoint_id}/recover recover_webhook_endpoint
POST /api/v1/webhooks/endpoints/{endpoint_id}/rotate-secret rotate_webhook_endpoint_secret
POST /api/v1/webhooks/endpoints/{endpoint_id}/test test_webhook_endpoint
GET /api/v1/webhooks/events list_webhook_events
GET /api/v1/webhooks/events/{event_id} get_webhook_event
POST /api/v1/webhooks/events/{event_id}/redeliver redeliver_webhook_event
GET /api/v1/webhooks/deliveries list_webhook_deliveries
GET /api/v1/webhooks/deliveries/{delivery_id} get_webhook_delivery
POST /api/v1/webhooks/deliveries/{delivery_id}/retry retry_webhook_delivery
GET /challenge/{payment_id} show_challenge
POST /api/v1/webhooks/verify verify_webhook
POST /challenge/{payment_id} answer_challenge
GET /slips/{payment_id} show_slip
POST /slips/{payment_id} settle_slip
GET /health get_health
GET /livez get_livez
GET /readiness get_readiness
GET /readyz get_readyz
GET /metrics get_metrics
"""
"""Clients are generated with these names: a change here breaks somebody's build."""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Document:
    """Drawn once: it is the same for all, and takes long."""
    url = f"sqlite:///{tmp_path_factory.mktemp('document') / 'kessai.db'}"
    migrate_to_head(url)
    return asyncio.run(served_document(url))


async def served_document(url: str) -> Document:
    async with opened_gateway(url) as gateway:
        answer = await gateway.stranger.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    parsed: Document = answer.json()
    return parsed


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def contents(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every body there is: whose, which (request or a status), and its media type object."""
    for _, _, operation in operations(document):
        name = operation["operationId"]
        if "requestBody" in operation:
            yield name, "request", operation["requestBody"]["content"]["application/json"]
        for status, response in operation["responses"].items():
            for media in response.get("content", {}).values():
                yield name, status, media


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value
            yield from references(value)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def test_operation_ids_are_stable_and_unique(document: Document) -> None:
    found = [f"{method} {path} {each['operationId']}" for method, path, each in operations(document)]
    assert sorted(found) == sorted(OPERATIONS.split("\n")[1:-1])
    ids = [line.split()[-1] for line in found]
    assert len(ids) == len(set(ids))


def test_every_operation_says_what_it_does(document: Document) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "kessai"
    for _, path, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        assert operation["tags"], path


@pytest.mark.parametrize(
    ("path", "most"),
    [
        *((path, LOOKED_AT_MAX) for path in ("/payments", "/webhooks/events", "/webhooks/deliveries")),
        *((path, SCANNED_MAX) for path in ("/disputes", "/balance/entries", "/payouts")),
    ],
)
def test_lists_say_how_much_a_page_looks_at(document: Document, path: str, most: int) -> None:
    said = document["paths"][f"/api/v1{path}"]["get"]["description"]
    assert f"no more than {most:,} " in said


def test_every_reference_leads_somewhere(document: Document) -> None:
    for reference in set(references(document)):
        part: Any = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
        assert part


def test_every_error_code_is_documented_with_its_status(document: Document) -> None:
    shown: dict[str, set[str]] = {}
    for _, status, media in contents(document):
        for code in media.get("examples", {}):
            if code in STATUS:
                shown.setdefault(code, set()).add(status)
    assert shown == {code: {str(status)} for code, status in STATUS.items()}


def test_every_refusal_has_the_envelope(document: Document) -> None:
    for _, path, operation in operations(document):
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5")) and not path.startswith("/read"):
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorOut"}, (path, status)


def test_operations_document_the_refusals_of_their_kind(document: Document) -> None:
    for method, path, operation in operations(document):
        statuses = set(operation["responses"])
        if not path.startswith("/api/"):
            assert "security" not in operation
            continue
        assert operation["security"] == [{"SecretKey": []}, {"SecretKeyHeader": []}]
        assert statuses >= {"401", "403", "405", "429", "500", "503"}, path
        if method in {"POST", "PATCH"}:
            assert statuses >= {"400", "408", "409", "413", "422", "507"}, path
        if "{" in path:
            assert "404" in statuses, path
        if method == "GET" and not any(each["in"] == "query" for each in operation.get("parameters", ())):
            assert "422" not in statuses, path


def test_every_post_of_the_api_takes_an_idempotency_key(document: Document) -> None:
    for method, path, operation in operations(document):
        names = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "header"}
        assert ("Idempotency-Key" in names) == (method == "POST" and path.startswith("/api/")), path


def test_every_body_has_an_example(document: Document) -> None:
    for name, which, media in contents(document):
        if (
            media.get("schema")
            and media["schema"] != {"type": "string"}
            and not name.startswith(("get_health", "get_livez", "get_read"))
        ):
            assert media.get("examples") or media.get("example"), (name, which)


def test_examples_fit_their_schemas(document: Document) -> None:
    components = {"components": document["components"]}
    checked = 0
    for name, which, media in contents(document):
        given = [each["value"] for each in media.get("examples", {}).values()]
        given += [media["example"]] if "example" in media else []
        for example in given:
            schema = {**media["schema"], **components}
            checker = Draft202012Validator(schema, validate_formats=True)
            errors = [error.message for error in checker.iter_errors(example)]
            assert not errors, (name, which, errors)
            checked += 1
    assert checked > 100


def test_field_examples_fit_their_fields(document: Document) -> None:
    for model, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            for example in described.get("examples", ()):
                checker = Draft202012Validator({**described, "components": document["components"]})
                assert example, (model, field)
                assert checker.is_valid(example), (model, field)


async def open_tries(gateway: Gateway, instrument_id: str, *, is_held: bool) -> dict[str, str]:
    """An intent and a setup that can be tried, or an intent that holds an amount."""
    asked = {"amount": 10_000, "capture_method": "manual", "instrument_id": instrument_id}
    intent = (await gateway.client.post("/intents", json=asked)).json()
    if is_held:
        await gateway.client.post(f"/intents/{intent['id']}/confirm")
    setup = (await gateway.client.post("/setups")).json()
    return {"intent_id": intent["id"], "setup_id": setup["id"]}


async def test_request_examples_work_as_they_stand(document: Document, gateway: Gateway) -> None:
    paid, of_holds = await gateway.pay(10_000), {"capture_payment", "increment_payment"}
    (key,) = (await gateway.client.get("/merchants/me/api-keys")).json()["data"]
    endpoint = await gateway.client.post("/webhooks/endpoints", json={"url": "http://localhost:1/"})
    await gateway.pay(90_000, simulate="dispute")
    await gateway.pay(900_000, simulate="available_at_once")
    (dispute,) = (await gateway.client.get("/disputes")).json()["data"]
    named = {"key_id": key["id"], "endpoint_id": endpoint.json()["id"], "dispute_id": dispute["id"]}
    owner = await customer(gateway)
    saved = await attached_card(gateway, owner["id"])
    named |= {"customer_id": owner["id"], "instrument_id": saved["id"], "default_instrument_id": saved["id"]}
    tried = 0
    for method, path, operation in operations(document):
        media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in media.get("examples", {}).values():
            body = example["value"]
            if "payment_id" in body:
                body = body | {"payment_id": (await gateway.pay(10_000))["id"]}
            body = body | {name: each for name, each in named.items() if name in body}
            payment = await gateway.hold(10_000) if operation["operationId"] in of_holds else paid
            if "/intents/" in path or "/setups/" in path:
                named |= await open_tries(gateway, saved["id"], is_held=path.endswith("/capture"))
            url = path.format(**named, payment_id=payment["id"])
            answer = await gateway.stranger.request(
                method, url, json=body, headers={"Authorization": gateway.client.headers["authorization"]}
            )
            if operation["operationId"] == "rotate_api_key":
                gateway.client.headers["authorization"] = f"Bearer {answer.json()['secret_key']}"
            assert answer.is_success, (path, body, answer.text)
            tried += 1
    assert tried >= 12
