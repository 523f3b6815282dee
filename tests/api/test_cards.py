"""Published test numbers decide the outcome; a real number is kept nowhere."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from kessai.adapters.logging import configure_logging
from kessai.simulation.cards import PUBLISHED, VPAS
from kessai.simulation.table import SIMULATIONS
from tests.support.gateway import Gateway, refusal, stored_bytes
from tests.support.real_card import real_card

REAL = [real_card(), real_card("54"), real_card("37", 15), real_card("3056", 14)]


URL = "http://receiver.test/hook"


def card(number: str, **facts: Any) -> dict[str, Any]:
    return {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2030, **facts}}


KINDS = sorted({simulate: number for number, simulate in PUBLISHED.items()}.items())


@pytest.mark.parametrize(("simulate", "number"), KINDS)
async def test_a_published_number_leads_to_its_outcome(gateway: Gateway, simulate: str, number: str) -> None:
    by_card = await gateway.pay(payment_method=card(number, cvc="1234"))
    by_name = await gateway.pay(simulate=simulate)
    assert by_card["simulate"] == simulate
    assert (by_card["status"], by_card["error_code"]) == (by_name["status"], by_name["error_code"])
    assert by_card["payment_method"]["last4"] == number[-4:]
    assert by_card["payment_method"]["brand"]
    assert set(by_card["payment_method"]) == {"type", "brand", "last4"}


async def test_every_published_number_is_taken(gateway: Gateway) -> None:
    for number, simulate in PUBLISHED.items():
        assert (await gateway.pay(payment_method=card(number)))["simulate"] == simulate
        assert simulate in SIMULATIONS


@pytest.mark.parametrize(("vpa", "simulate"), [*VPAS.items(), ("anybody@bank", "success")])
async def test_a_upi_address_leads_to_its_outcome(gateway: Gateway, vpa: str, simulate: str) -> None:
    payment = await gateway.pay(payment_method={"type": "upi", "upi": {"vpa": vpa}})
    assert payment["simulate"] == simulate
    assert vpa not in json.dumps(payment)


async def test_what_is_asked_for_by_name_goes_before_the_card(gateway: Gateway) -> None:
    payment = await gateway.pay(simulate="bank_error", payment_method=card("4000000000000002"))
    assert payment["error_code"] == "BANK_ERROR"


@pytest.mark.parametrize("number", ["4242424242424241", "1", "4242", "abc", "٤" * 16, "4242_4242_4242_4242"])
async def test_what_is_no_card_number_is_refused(gateway: Gateway, number: str) -> None:
    answer = await gateway.client.post("/payments", json={"amount": 1, "payment_method": card(number)})
    error = refusal(answer, 422, "VALIDATION_FAILED")
    assert error["param"] == "payment_method.card.number"
    assert number not in error["message"]


WRONG_CARDS = [
    {"exp_month": 0},
    {"exp_month": 13},
    {"exp_month": "12"},
    {"exp_year": 1999},
    {"exp_year": 30},
    {"cvc": "12"},
    {"cvc": "12345"},
    {"cvc": 123},
    {"cvc": "12a"},
    {"number": ""},
    {"number": 4242424242424242},
    {"number": None},
]


@pytest.mark.parametrize("wrong", WRONG_CARDS)
async def test_the_rest_of_a_card_is_checked(gateway: Gateway, wrong: dict[str, Any]) -> None:
    method = card("4242424242424242")
    method["card"] |= wrong
    answer = await gateway.client.post("/payments", json={"amount": 1, "payment_method": method})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == f"payment_method.card.{next(iter(wrong))}"


@pytest.mark.parametrize(
    ("method", "param"),
    [
        ({"type": "card"}, "payment_method.card"),
        ({"type": "upi"}, "payment_method.upi"),
        ({**card("4242424242424242"), "type": "wallet"}, "payment_method.card"),
        ({**card("4242424242424242"), "upi": {"vpa": "a@b"}}, "payment_method.upi"),
        ({"type": "upi", "upi": {"vpa": "no address"}}, "payment_method.upi.vpa"),
    ],
)
async def test_details_go_with_their_type(gateway: Gateway, method: dict[str, Any], param: str) -> None:
    answer = await gateway.client.post("/payments", json={"amount": 1, "payment_method": method})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == param


class Logs:
    """Everything that was logged, as text."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()


@pytest.fixture
def logs() -> Iterator[Logs]:
    """Logs of every level, to a string."""
    stream = io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    with redirect_stdout(stream), redirect_stderr(stream):
        configure_logging(level="DEBUG", log_format="json")
        yield Logs(stream)
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


@pytest.mark.parametrize("number", REAL)
async def test_a_real_card_is_refused_and_kept_nowhere(
    gateway: Gateway, number: str, tmp_path: Path, logs: Logs
) -> None:
    before = await gateway.rows()
    for written in (
        number,
        f"{number[:4]} {number[4:]}",
        "-".join(number[n : n + 4] for n in range(0, 16, 4)),
    ):
        answer = await gateway.client.post(
            "/payments", json={"amount": 1, "payment_method": card(written)}, headers={"Idempotency-Key": "k"}
        )
        error = refusal(answer, 422, "REAL_CARD_REFUSED")
        assert error["param"] == "payment_method.card.number"
        assert number not in answer.text
        assert written not in answer.text
        assert written.encode() not in stored_bytes(tmp_path)
        assert written not in logs.text
    assert await gateway.rows() == before


async def test_a_cvc_is_kept_nowhere(gateway: Gateway, tmp_path: Path) -> None:
    await gateway.pay(payment_method=card("4242424242424242", cvc="7391"))
    await gateway.joined.database.close()
    stored = stored_bytes(tmp_path)
    assert b"7391" not in stored
    assert b"4242424242424242" not in stored


async def test_a_cvc_in_free_text_is_kept_nowhere(gateway: Gateway, tmp_path: Path) -> None:
    payment = await gateway.pay(description="cvc 7391", metadata={"card_cvc": "7391", "order": "7392"})
    assert payment["description"] == "cvc ****"
    assert payment["metadata"] == {"card_cvc": "****", "order": "7392"}
    await gateway.joined.database.close()
    stored = stored_bytes(tmp_path)
    assert b"7391" not in stored
    assert b"7392" in stored


@pytest.mark.parametrize("number", REAL)
async def test_a_url_or_a_secret_with_a_real_number_is_refused(gateway: Gateway, number: str) -> None:
    escaped = "".join(f"%3{digit}" for digit in number)
    for url in (f"http://receiver.test/{number}", f"http://receiver.test/?card={escaped}"):
        for sent, param in (({"url": url}, "url"), ({"url": URL, "secret": f"of-{number}"}, "secret")):
            answer = await gateway.client.post("/webhooks/endpoints", json=sent)
            assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == param
            assert number not in answer.text
        moved = await gateway.client.patch("/merchants/me", json={"webhook_url": url})
        assert refusal(moved, 422, "VALIDATION_FAILED")["param"] == "webhook_url"
    for wrong in ({"events": [f"card {number}"]}, {"retry_schedule": number}):
        answer = await gateway.client.post("/webhooks/endpoints", json={"url": URL, **wrong})
        assert answer.status_code == 422
        assert number not in answer.text


@pytest.mark.parametrize("number", REAL)
async def test_a_request_id_with_a_real_number_is_not_taken_over(gateway: Gateway, number: str) -> None:
    answer = await gateway.client.get("/merchants/me", headers={"X-Request-ID": f"order {number}"})
    assert number not in answer.headers["x-request-id"]


@pytest.mark.parametrize("number", REAL)
async def test_free_text_keeps_only_the_last_four_digits(
    gateway: Gateway, number: str, tmp_path: Path, logs: Logs
) -> None:
    spaced = f"{number[:4]} {number[4:8]} {number[8:]}"
    email = f"{number}@example.com"
    payment = await gateway.pay(
        description=f"card {number}!",
        reference=f"ref {spaced}",
        customer_email=email,
        metadata={f"n {number}": f"v {spaced}"},
    )
    refund = await gateway.client.post(
        f"/payments/{payment['id']}/refund",
        json={"amount": 1, "reason": f"wrong card {number}"},
        headers={"Idempotency-Key": f"refund of {number}"},
    )
    hidden = "*" * (len(number) - 4) + number[-4:]
    assert payment["description"] == f"card {hidden}!"
    assert payment["metadata"].keys() == {f"n {hidden}"}
    assert payment["customer_email"] == f"{hidden}@example.com"
    assert refund.json()["reason"] == f"wrong card {hidden}"
    assert payment["reference"].endswith(number[-4:])

    named = await gateway.client.post("/merchants/me/api-keys", json={"name": f"key {number}"})
    assert named.json()["name"] == f"key {hidden}"
    renamed = await gateway.client.patch("/merchants/me", json={"name": f"m {number}", "email": email})
    assert renamed.json()["name"] == f"m {hidden}"

    await gateway.joined.database.close()
    stored = stored_bytes(tmp_path)
    for written in (number, spaced):
        assert written.encode() not in stored
        assert written not in logs.text
