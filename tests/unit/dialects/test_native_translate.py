"""What is rendered is what the schemas promise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from kessai.dialects.native.schemas import KeyIn, PaymentIn, PaymentOut, RefundOut
from kessai.dialects.native.translate import masked, order_from, payment_out, refund_out
from kessai.domain.errors import InvalidFieldError, RealCardRefusedError
from kessai.domain.ids import PaymentId, RefundId
from kessai.domain.instrument import Instrument, InstrumentType
from kessai.domain.money import AMOUNT_MAX
from kessai.domain.payment import new_payment, new_refund
from kessai.http.json import to_json
from kessai.simulation.decide import decide
from kessai.simulation.table import SIMULATIONS
from tests.support.manual_clock import START
from tests.support.real_card import REAL_CARD
from tests.unit.http.people import MERCHANT

ID = PaymentId("0199d3c2-5f00-7000-8000-000000000001")
URL = "http://kessai.test"


def parsed(model: type[BaseModel], shown: dict[str, Any]) -> Any:
    """What a client reads out of what is sent, which has every field of the schema and no other."""
    assert set(shown) == set(model.model_fields)
    return model.model_validate_json(to_json(shown))


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_are_rfc_3339_and_parse_back(at: datetime) -> None:
    written = orjson.loads(to_json(at))
    assert written.endswith("Z")
    assert ("." in written) == (at.microsecond > 0)
    assert datetime.fromisoformat(written) == at


@pytest.mark.parametrize("simulate", SIMULATIONS)
@pytest.mark.parametrize("capture_method", ["automatic", "manual"])
def test_payments_are_shown_as_promised(simulate: str, capture_method: str) -> None:
    body = PaymentIn.model_validate({"amount": 7, "simulate": simulate, "capture_method": capture_method})
    order = order_from(body, MERCHANT)
    decision = decide(order.simulate, order.instrument, order.delay)
    payment = new_payment(ID, order, at=START).follow(decision.outcome, at=START)
    shown = payment_out(payment, URL)
    read = parsed(PaymentOut, shown)
    assert (read.id, read.status, read.simulate) == (ID, payment.status, simulate)
    is_waiting = simulate.startswith("requires_action")
    assert shown["next_action"] == ({"redirect_url": f"{URL}/challenge/{ID}"} if is_waiting else None)


def test_refunds_are_shown_as_promised() -> None:
    order = order_from(PaymentIn.model_validate({"amount": 7}), MERCHANT)
    captured = new_payment(ID, order, at=START).follow(decide("success", None, None).outcome, at=START)
    payment, given_back = captured.refund(None, at=START)
    refund = new_refund(RefundId(ID), payment, given_back, "why", at=START)
    assert parsed(RefundOut, refund_out(refund)).payment_status == "REFUNDED"


def test_an_order_takes_the_merchants_currency() -> None:
    assert order_from(PaymentIn.model_validate({"amount": 7}), MERCHANT).amount.currency == "INR"
    order = order_from(PaymentIn.model_validate({"amount": 7, "currency": "kwd", "delay_s": 3}), MERCHANT)
    assert (order.amount.currency, order.delay) == ("KWD", timedelta(seconds=3))


def method(number: str) -> dict[str, Any]:
    card = {"number": number, "exp_month": 1, "exp_year": 2030, "cvc": "123"}
    return {"amount": 7, "payment_method": {"type": "card", "card": card}}


def test_of_a_card_brand_and_last_four_are_kept() -> None:
    order = order_from(PaymentIn.model_validate(method("5555 5555 5555 4444")), MERCHANT)
    assert order.instrument == Instrument(InstrumentType.CARD, "mastercard", "4444")
    assert "5555555555554444" not in repr(order)
    assert "123" not in repr(order.instrument)


def test_what_is_no_test_card_is_refused() -> None:
    with pytest.raises(RealCardRefusedError):
        order_from(PaymentIn.model_validate(method(REAL_CARD)), MERCHANT)
    with pytest.raises(InvalidFieldError):
        order_from(PaymentIn.model_validate(method(f"{REAL_CARD[:-1]}{9 - int(REAL_CARD[-1])}")), MERCHANT)


def test_no_text_is_no_text() -> None:
    assert masked(None) is None
    assert masked("") == ""
    assert masked(f"card {REAL_CARD}") == f"card ************{REAL_CARD[-4:]}"


JSON = st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)


@given(JSON | st.integers())
def test_an_amount_is_a_whole_number_within_bounds(value: Any) -> None:
    is_right = type(value) is int and 1 <= value <= AMOUNT_MAX
    if is_right:
        assert PaymentIn.model_validate({"amount": value}).amount == value
    else:
        with pytest.raises(ValidationError):
            PaymentIn.model_validate({"amount": value})


@given(st.text(max_size=30) | st.datetimes(timezones=st.timezones()).map(datetime.isoformat))
def test_a_moment_is_read_in_utc_or_refused(value: str) -> None:
    try:
        read = KeyIn.model_validate({"expires_at": value}).expires_at
    except ValidationError:
        return
    assert read is not None
    assert read.tzinfo is UTC
    # What was read can be written and read again.
    assert KeyIn.model_validate({"expires_at": orjson.loads(to_json(read))}).expires_at == read


@pytest.mark.parametrize(
    "written", ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00z", "2026-01-31 12:00:00+00:00"]
)
def test_ways_to_write_a_moment(written: str) -> None:
    assert KeyIn.model_validate({"expires_at": written}).expires_at == START


@pytest.mark.parametrize(
    "written",
    [
        1,
        1.5,
        True,
        "1769860800",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "12:00",
        "",
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_what_is_no_moment(written: object) -> None:
    with pytest.raises(ValidationError):
        KeyIn.model_validate({"expires_at": written})
