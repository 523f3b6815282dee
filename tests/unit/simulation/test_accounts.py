"""What debits and vouchers come to, by the test values that Stripe publishes."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from kessai.simulation.account_table import ACCOUNTS, CONDUCTS
from kessai.simulation.accounts import account_named, conduct, conduct_of, iban_valid
from kessai.simulation.instruments import OTHER_METHODS
from kessai.simulation.table import Course

MINUTES: Final = timedelta(minutes=3)


def test_every_account_is_there_once_and_does_something_known() -> None:
    assert len({(row.type, row.number) for row in ACCOUNTS}) == len(ACCOUNTS)
    names = [row.name for row in ACCOUNTS if row.name is not None]
    assert len(set(names)) == len(names)
    assert {row.conduct for row in ACCOUNTS} <= CONDUCTS.keys()
    assert all(OTHER_METHODS[row.type].course is Course.AFTER_DELAY for row in ACCOUNTS)


def test_every_iban_of_the_table_is_written_right() -> None:
    ibans = [row.number for row in ACCOUNTS if row.type == "sepa_debit"]
    assert len(ibans) >= 7
    assert [iban for iban in ibans if not iban_valid(iban)] == []


@pytest.mark.parametrize(
    "number",
    ["", "AT611904300234573202", "AT61", "4242424242424242", "A\u0661611904300234573201", "AT61" + "0" * 60],
)
def test_an_iban_has_a_country_and_check_digits(number: str) -> None:
    assert not iban_valid(number)


@pytest.mark.parametrize(
    ("kind", "number", "code", "delay"),
    [
        ("sepa_debit", "AT611904300234573201", None, None),
        ("sepa_debit", "DE08370400440532013003", None, MINUTES),
        ("sepa_debit", "de62 3704 0044 0532 0130 01", "payment_intent_payment_attempt_failed", None),
        ("sepa_debit", "FR7920041010050500013M02600", "payment_intent_payment_attempt_failed", MINUTES),
        ("sepa_debit", "IE10AIBK93115202222227", "insufficient_funds", None),
        ("sepa_debit", "BE90510000343434", "charge_exceeds_source_limit", None),
        ("sepa_debit", "LU520010000000121212", "charge_exceeds_weekly_limit", None),
        ("us_bank_account", "000123456789", None, None),
        ("us_bank_account", "000111111113", "account_closed", None),
        ("us_bank_account", "000111111116", "no_account", None),
        ("us_bank_account", "000222222227", "insufficient_funds", None),
        ("us_bank_account", "000333333335", "debit_not_authorized", None),
        ("bacs_debit", "93333335", "debit_not_authorized", MINUTES),
        ("au_becs_debit", "922222227", "refer_to_customer", MINUTES),
        ("au_becs_debit", "121212121", "charge_exceeds_transaction_limit", None),
        ("acss_debit", "900222222227", "payment_intent_payment_attempt_failed", MINUTES),
        # an account of another type, and one that nobody publishes
        ("bacs_debit", "000222222227", None, None),
        ("sepa_debit", None, None, None),
    ],
)
def test_an_account_says_what_comes_of_it(
    kind: str, number: str | None, code: str | None, delay: timedelta | None
) -> None:
    found = conduct(conduct_of(kind, number, "fill_never@example.com"))
    assert (found.failure and found.failure.code, found.delay) == (code, delay)


@pytest.mark.parametrize("kind", ["boleto", "konbini", "multibanco", "oxxo", "pix"])
@pytest.mark.parametrize(
    ("email", "is_paid", "delay"),
    [
        ("hanako@example.com", True, None),
        ("hanako.succeed_immediately@example.com", True, timedelta(0)),
        ("expire_immediately@example.com", False, timedelta(0)),
        ("a+expire_with_delay@example.com", False, MINUTES),
        ("fill_never@example.com", False, timedelta(days=20_000)),
        ("fill_never_again@example.com", True, None),
        ("ann@fill_never.example", True, None),
        (None, True, None),
    ],
)
def test_an_address_says_what_comes_of_a_voucher(
    kind: str, email: str | None, is_paid: bool, delay: timedelta | None
) -> None:
    found = conduct(conduct_of(kind, None, email))
    assert (found.failure is None, found.delay) == (is_paid, delay)


@pytest.mark.parametrize(
    ("name", "last4", "kind"),
    [
        ("usBankAccount_noAccount", "1116", "us_bank_account"),
        ("sepaDebit_failedDelayed_de", "3004", "sepa_debit"),
        ("bacsDebit_insufficientFunds", "2227", "bacs_debit"),
        ("auBecsDebit_exceedsWeeklyLimit", "4343", "au_becs_debit"),
    ],
)
def test_accounts_have_names(name: str, last4: str, kind: str) -> None:
    row = account_named(name)
    assert row is not None
    assert (row.type, row.number[-4:]) == (kind, last4)
    assert account_named("acssDebit_-") is None
    assert account_named("card_visa") is None
