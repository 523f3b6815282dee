"""What is kept of payment methods that are no card."""

from __future__ import annotations

from typing import Any

import pytest

from kessai.dialects.stripe.type_facts import facts_of_type


@pytest.mark.parametrize(
    ("kind", "given", "number"),
    [
        ("sepa_debit", {"iban": "AT61 1904 3002 3457 3201"}, "AT611904300234573201"),
        ("us_bank_account", {"account_number": "000123456789"}, "000123456789"),
        ("bacs_debit", {"account_number": "00012345", "sort_code": "108800"}, "00012345"),
        ("au_becs_debit", {"account_number": "000123456", "bsb_number": "000000"}, "000123456"),
        ("acss_debit", {"account_number": "000123456789"}, "000123456789"),
    ],
)
def test_of_a_number_only_the_last_four_are_kept(kind: str, given: dict[str, Any], number: str) -> None:
    kept = facts_of_type(kind, given)

    assert kept["last4"] == number[-4:]
    assert number not in str(kept)
    assert given.keys() - {"iban", "account_number"} <= kept.keys()


def test_the_same_account_has_the_same_fingerprint_however_it_is_written() -> None:
    first = facts_of_type("sepa_debit", {"iban": "AT61 1904 3002 3457 3201"})
    second = facts_of_type("sepa_debit", {"iban": "at611904300234573201"})

    assert first == second
    assert (first["country"], first["bank_code"]) == ("AT", "19043002")


def test_what_has_no_number_is_kept_as_it_is() -> None:
    assert facts_of_type("ideal", {"bank": "ing"}) == {"bank": "ing"}
    assert facts_of_type("link", {}) == {}
    assert facts_of_type("boleto", {"tax_id": "00.000.000/0000-00"}) == {"tax_id": "00.000.000/0000-00"}


def test_a_boleto_always_has_a_tax_id() -> None:
    assert facts_of_type("boleto", {}) == {"tax_id": "000.000.000-00"}


@pytest.mark.parametrize("kind", ["sepa_debit", "us_bank_account", "acss_debit"])
def test_a_number_may_be_missing(kind: str) -> None:
    assert facts_of_type(kind, {})["last4"] == ""
