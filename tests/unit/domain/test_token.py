"""Tokens, and changes put together."""

from __future__ import annotations

from datetime import timedelta

from kessai.domain.change import Change
from kessai.domain.token import Token
from tests.support.manual_clock import START
from tests.unit.http.people import MERCHANT
from tests.unit.services.test_charges import charged, instrument


def a_token() -> Token:
    return Token(
        id="0199d3c2-5f00-7000-8000-000000000002",
        merchant_id=MERCHANT.id,
        created_at=START,
        updated_at=START,
        instrument=instrument(),
    )


def test_a_used_token_is_the_next_version() -> None:
    later = START + timedelta(minutes=1)

    used = a_token().used(at=later)

    assert (used.is_used, used.version, used.updated_at) == (True, 2, later)
    assert used.instrument == a_token().instrument


def test_changes_are_put_together_in_their_order() -> None:
    token, made = a_token(), charged(instrument(), is_new=True)

    both = Change(records=(token,)).also(made.change)

    assert both.payment == made.payment
    assert both.records == (token, *made.change.records)
    assert both.events == made.change.events
    assert both.also(Change()) == both == Change().also(both)
