"""Stripe's test cards: each found by number and by name, and each doing what it is published for."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.domain.instrument import SETTLES_LATER
from kessai.domain.outcome import Approved, Declined
from kessai.simulation.cards import PUBLISHED, brand_of, luhn_valid
from kessai.simulation.decide import decide, verdict_later
from kessai.simulation.instruments import (
    INSTRUMENTS,
    OTHER_METHODS,
    Authentication,
    CardProblem,
    PublishedInstrument,
    authentication_refused,
    by_name,
    by_number,
    card_problem,
    challenge_needed,
    fingerprint,
    row_of,
    simulate_for,
)
from kessai.simulation.other_cards import OTHER_CARDS
from kessai.simulation.table import SIMULATIONS, Course, DisputeOnCharge

TODAY = date(2026, 11, 26)
NEXT_YEAR = TODAY.year + 1
VISA = "4242424242424242"
AMEX = "378282246310005"

CHALLENGING = {
    Authentication.REQUIRED,
    Authentication.ALWAYS,
    Authentication.UNLESS_SET_UP,
    Authentication.SET_UP,
}
# The native API takes these for something milder: it has no customer to attach a card to.
DECLINED_HERE_ONLY = {"4000000000000341"}


def named(tail: str) -> PublishedInstrument:
    row = by_name(tail)
    assert row is not None
    return row


def label(row: PublishedInstrument) -> str:
    return row.names[0]


every_instrument = pytest.mark.parametrize("row", INSTRUMENTS, ids=label)


# The table


@every_instrument
def test_every_row_is_found_by_its_number_and_by_each_name(row: PublishedInstrument) -> None:
    assert row.names
    assert all(by_name(name) is row for name in row.names)
    assert row.number is None or by_number(row.number) is row


def test_no_number_and_no_name_stands_twice() -> None:
    rows = (*INSTRUMENTS, *OTHER_CARDS)
    numbers = Counter(row.number for row in rows if row.number is not None)
    names = Counter(name for row in rows for name in row.names)

    assert [each for each, times in (numbers + names).items() if times > 1] == []


@pytest.mark.parametrize("row", [row for row in INSTRUMENTS if row.number], ids=label)
def test_every_number_is_a_card_number_of_its_brand(row: PublishedInstrument) -> None:
    assert row.number is not None
    assert luhn_valid(row.number)
    assert (row.brand, row.last4) == (brand_of(row.number), row.number[-4:])


@every_instrument
def test_every_row_is_a_card(row: PublishedInstrument) -> None:
    assert re.fullmatch("[0-9]{4}", row.last4)
    assert row.funding in {"credit", "debit", "prepaid"}
    assert re.fullmatch("[A-Z]{2}", row.country)
    assert row.risk_level in {"normal", "elevated", "highest", "not_assessed"}
    assert 0 <= row.risk_score <= 100
    assert not row.refuses_at_attach or row.decline is not None
    assert not row.blocked or row.decline is not None


def test_what_is_unknown_is_nothing() -> None:
    assert by_number("4000000000000000") is None
    assert by_name("pm_card_visa") is None
    assert by_name("") is None


def test_every_number_is_let_in_elsewhere_too() -> None:
    assert {row.number for row in INSTRUMENTS if row.number} <= PUBLISHED.keys()


@pytest.mark.parametrize("row", [row for row in INSTRUMENTS if row.number in PUBLISHED], ids=label)
def test_a_card_does_the_same_in_the_native_api(row: PublishedInstrument) -> None:
    there = SIMULATIONS[PUBLISHED[row.number or ""]]
    here = SIMULATIONS[simulate_for(row, challenged=False)]
    if there.course is Course.AFTER_ACTION:
        assert row.authentication in CHALLENGING
    elif row.number in DECLINED_HERE_ONLY:
        assert (type(there.verdict), type(here.verdict)) == (Approved, Declined)
    else:
        assert type(here.verdict) is type(there.verdict)
        assert row.decline is not None or here is there


# What each does


@every_instrument
def test_every_row_leads_to_a_simulation_that_agrees_with_it(row: PublishedInstrument) -> None:
    at_once = SIMULATIONS[simulate_for(row, challenged=False)]
    challenged = SIMULATIONS[simulate_for(row, challenged=True)]
    verdict = Approved if row.decline is None else Declined

    assert isinstance(at_once.verdict, verdict)
    assert isinstance(challenged.verdict, verdict)
    assert (at_once.course, challenged.course) == (Course.AT_ONCE, Course.AFTER_ACTION)
    assert row.decline is not None or at_once is SIMULATIONS[row.afterwards]


@pytest.mark.parametrize(
    ("name", "code", "decline_code", "simulate"),
    [
        ("chargeDeclined", "card_declined", "generic_decline", "card_declined"),
        ("visa_chargeDeclined", "card_declined", "generic_decline", "card_declined"),
        (
            "visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
            "insufficient_funds",
        ),
        ("visa_chargeDeclinedLostCard", "card_declined", "lost_card", "lost_card"),
        ("visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", "stolen_card"),
        (
            "visa_chargeDeclinedVelocityLimitExceeded",
            "card_declined",
            "card_velocity_exceeded",
            "card_velocity_exceeded",
        ),
        ("chargeDeclinedExpiredCard", "expired_card", None, "expired_card"),
        ("chargeDeclinedIncorrectCvc", "incorrect_cvc", None, "incorrect_cvc"),
        ("chargeDeclinedProcessingError", "processing_error", None, "processing_error"),
        ("radarBlock", "card_declined", "fraudulent", "fraud_detected"),
        ("chargeCustomerFail", "card_declined", "generic_decline", "card_declined"),
    ],
)
def test_a_declining_card_has_its_code_and_its_reason(
    name: str, code: str, decline_code: str | None, simulate: str
) -> None:
    row = named(name)

    assert row.decline is not None
    assert (row.decline.code, row.decline.decline_code) == (code, decline_code)
    assert row.decline.message.startswith("Your card")
    assert row.decline.message.endswith(".")
    assert simulate_for(row, challenged=False) == simulate


def test_a_declining_card_is_refused_when_it_is_attached_unless_it_is_made_for_later() -> None:
    passing = {row.names[0] for row in INSTRUMENTS if row.decline and not row.refuses_at_attach}

    assert passing == {
        "chargeCustomerFail",
        "visa_chargeCustomerFailLostCard",
        "visa_chargeCustomerFailStolenCard",
        "radarBlock",
        "riskLevelHighest",
        "threeDSecureRequiredChargeDeclined",
        "threeDSecureRequiredProcessingError",
        "authenticationRequiredChargeDeclinedInsufficientFunds",
    }


@pytest.mark.parametrize(
    ("name", "simulate"),
    [
        ("threeDSecure2Required", "requires_action"),
        ("threeDSecureRequiredChargeDeclined", "requires_action_declined"),
        ("threeDSecureRequiredProcessingError", "requires_action_processing_error"),
        (
            "authenticationRequiredChargeDeclinedInsufficientFunds",
            "requires_action_insufficient_funds",
        ),
        ("visa_chargeDeclinedLostCard", "requires_action_declined"),
    ],
)
def test_the_verdict_after_a_challenge_is_the_cards(name: str, simulate: str) -> None:
    assert simulate_for(named(name), challenged=True) == simulate


@pytest.mark.parametrize(
    ("number", "brand", "funding", "country"),
    [
        (VISA, "visa", "credit", "US"),
        ("4000056655665556", "visa", "debit", "US"),
        ("5105105105105100", "mastercard", "prepaid", "US"),
        (AMEX, "amex", "credit", "US"),
        ("3566002020360505", "jcb", "credit", "JP"),
        ("4000008260000000", "visa", "credit", "GB"),
        ("4000002760000016", "visa", "credit", "DE"),
    ],
)
def test_a_card_is_of_its_network_and_country(number: str, brand: str, funding: str, country: str) -> None:
    row = by_number(number)

    assert row is not None
    assert (row.brand, row.funding, row.country, row.decline) == (brand, funding, country, None)


@pytest.mark.parametrize(
    ("name", "dispute"),
    [
        ("createDispute", DisputeOnCharge(reason="fraudulent")),
        ("createDisputeProductNotReceived", DisputeOnCharge(reason="product_not_received")),
        ("createDisputeInquiry", DisputeOnCharge(reason="fraudulent", is_inquiry=True)),
        ("createMultipleDisputes", DisputeOnCharge(reason="fraudulent", count=2)),
        ("visa", None),
    ],
)
def test_a_charge_may_be_disputed(name: str, dispute: DisputeOnCharge | None) -> None:
    assert SIMULATIONS[simulate_for(named(name), challenged=False)].dispute == dispute


def test_what_comes_later_comes_with_one_card_each() -> None:
    assert named("createIssuerFraudRecord").early_fraud_warning
    assert simulate_for(named("pendingRefund"), challenged=False) == "refund_pending"
    assert simulate_for(named("refundFail"), challenged=False) == "refund_failure"
    for name in ("credit_disableEnterpriseCardFeatures", "debit_partialIncrement"):
        assert simulate_for(named(name), challenged=False) == "increment_declined"
    assert simulate_for(named("debit_incrementalAuthAuthorized"), challenged=False) == "success"
    bypassing = {row.names[0] for row in INSTRUMENTS if SIMULATIONS[row.afterwards].is_available_at_once}
    assert bypassing == {"bypassPending", "bypassPendingInternational"}


@pytest.mark.parametrize(
    ("name", "checks"),
    [
        ("visa", ("pass", "pass", "pass")),
        ("cvcCheckFail", ("fail", "pass", "pass")),
        ("avsLine1Fail", ("pass", "fail", "pass")),
        ("avsZipFail", ("pass", "pass", "fail")),
        ("avsFail", ("pass", "fail", "fail")),
        ("avsUnchecked", ("pass", "unavailable", "unavailable")),
    ],
)
def test_a_check_may_fail_though_the_payment_does_not(name: str, checks: tuple[str, str, str]) -> None:
    row = named(name)
    said = row.checks

    assert (said.cvc_check, said.address_line1_check, said.address_postal_code_check) == checks
    assert row.decline is None


def test_radar_blocks_the_highest_risk_and_lets_the_elevated_through() -> None:
    assert (named("radarBlock").blocked, named("radarBlock").risk_level) == (True, "highest")
    assert (named("riskLevelHighest").blocked, named("riskLevelHighest").risk_level) == (True, "highest")
    assert (named("riskLevelElevated").blocked, named("riskLevelElevated").risk_level) == (False, "elevated")
    assert named("visa").risk_score < 65 <= named("riskLevelElevated").risk_score < 75
    assert named("riskLevelHighest").risk_score >= 75


# Authentication

ON, OFF_NEW, OFF_SET_UP = (False, False), (True, False), (True, True)
"""Whether it is off session, and whether the card is set up."""


@pytest.mark.parametrize(
    ("name", "challenged_when", "refused_when"),
    [
        ("visa", set(), set()),
        ("amex_threeDSecureNotSupported", set(), set()),
        ("threeDSecureOptional", set(), set()),
        ("threeDSecureOptionalProcessingError", set(), set()),
        ("threeDSecureRequiredProcessingError", set(), set()),
        ("threeDSecure2Required", {ON}, {OFF_NEW, OFF_SET_UP}),
        ("threeDSecureRequiredChargeDeclined", {ON}, {OFF_NEW, OFF_SET_UP}),
        ("authenticationRequired", {ON}, {OFF_NEW, OFF_SET_UP}),
        ("authenticationRequiredOnSetup", {ON}, {OFF_NEW}),
        ("authenticationRequiredChargeDeclinedInsufficientFunds", {ON}, {OFF_NEW}),
        ("authenticationRequiredSetupForOffSession", {ON}, set()),
    ],
)
def test_who_is_asked_on_session_and_who_is_refused_off_session(
    name: str, challenged_when: set[tuple[bool, bool]], refused_when: set[tuple[bool, bool]]
) -> None:
    row = named(name)
    cases = (ON, OFF_NEW, OFF_SET_UP)

    assert challenged_when == {
        case
        for case in cases
        if challenge_needed(row, off_session=case[0], is_set_up=case[1], wanted="automatic")
    }
    assert refused_when == {
        case for case in cases if authentication_refused(row, off_session=case[0], is_set_up=case[1])
    }


@pytest.mark.parametrize("wanted", ["any", "challenge"])
def test_a_merchant_may_want_it_of_a_card_that_can(wanted: str) -> None:
    asked = {
        row.names[0]
        for row in INSTRUMENTS
        if challenge_needed(row, off_session=False, is_set_up=True, wanted=wanted)
    } - {row.names[0] for row in INSTRUMENTS if row.authentication in CHALLENGING}

    assert asked == {"threeDSecureOptional", "adaptive3dsChallenge"}


@every_instrument
def test_nobody_is_asked_who_is_not_there(row: PublishedInstrument) -> None:
    for is_set_up in (False, True):
        for wanted in ("automatic", "any", "challenge"):
            assert not challenge_needed(row, off_session=True, is_set_up=is_set_up, wanted=wanted)
        assert not authentication_refused(row, off_session=False, is_set_up=is_set_up)


# Fingerprints


@given(number=st.text("0123456789", min_size=12, max_size=19))
def test_a_fingerprint_is_the_same_for_the_same_number_and_does_not_tell_it(number: str) -> None:
    assert re.fullmatch("[A-Za-z0-9]{16}", fingerprint(number))
    assert fingerprint(number) == fingerprint(number)
    assert number not in fingerprint(number)


def test_each_card_has_a_fingerprint_of_its_own() -> None:
    assert len({fingerprint(row.number or row.names[0]) for row in INSTRUMENTS}) == len(INSTRUMENTS)
    assert fingerprint(VISA) == "BnOo0mjPOzMiWdY2"


# Cards that others publish


@pytest.mark.parametrize("number", PUBLISHED)
def test_every_published_card_has_a_row_that_can_be_found_again_by_its_name(number: str) -> None:
    row = row_of(number)

    assert row.number == number
    assert by_name(row.names[0]) is row


@pytest.mark.parametrize("row", OTHER_CARDS, ids=label)
def test_a_card_of_others_leads_to_what_its_number_stands_for(row: PublishedInstrument) -> None:
    is_asked = challenge_needed(row, off_session=False, is_set_up=False, wanted="automatic")

    assert row.number is not None
    assert by_number(row.number) is None
    assert simulate_for(row, challenged=is_asked) == PUBLISHED[row.number]


# Card data

months = st.integers(1, 12)
years = st.integers(NEXT_YEAR, TODAY.year + 50)
published = st.sampled_from([row.number for row in INSTRUMENTS if row.number is not None])


def cvc_of(number: str) -> str:
    return "1234" if brand_of(number) == "amex" else "123"


def problem(
    number: str = VISA, month: int | None = 12, year: int | None = NEXT_YEAR, cvc: str | None = "123"
) -> tuple[str, str | None] | None:
    found = card_problem(number, month, year, cvc, today=TODAY)
    return None if found is None else (found.code, found.param)


@given(number=published, month=months, year=years, has_cvc=st.booleans())
def test_a_published_card_is_taken_until_it_ends(number: str, month: int, year: int, has_cvc: bool) -> None:
    assert problem(number, month, year, cvc_of(number) if has_cvc else None) is None


@given(number=st.text(min_size=0, max_size=25), month=st.integers(), year=st.integers(), cvc=st.text())
def test_whatever_is_taken_is_published(number: str, month: int, year: int, cvc: str) -> None:
    found = card_problem(number, month, year, cvc, today=TODAY)

    assert found is not None or by_number(number) is not None


@given(number=published, last=st.sampled_from("0123456789"))
def test_a_wrong_check_digit_is_an_incorrect_number(number: str, last: str) -> None:
    wrong = number[:-1] + last

    assert problem(wrong, cvc=None) == (None if wrong == number else ("incorrect_number", "number"))


def test_the_published_incorrect_number_is_incorrect() -> None:
    assert problem("4242424242424241") == ("incorrect_number", "number")


@pytest.mark.parametrize(
    "number", ["", "4242", "42424242424", "4" * 20, "4242 4242 4242 4242", "my card", "\uff14" * 16]
)
def test_what_is_no_card_number_is_invalid(number: str) -> None:
    assert problem(number) == ("invalid_number", "number")


@given(month=st.integers().filter(lambda month: not 1 <= month <= 12), year=years)
def test_a_month_there_is_not_is_invalid(month: int, year: int) -> None:
    assert problem(month=month, year=year) == ("invalid_expiry_month", "exp_month")


@given(month=months, year=st.integers().filter(lambda year: not TODAY.year <= year <= TODAY.year + 50))
def test_a_year_that_is_over_or_far_off_is_invalid(month: int, year: int) -> None:
    assert problem(month=month, year=year) == ("invalid_expiry_year", "exp_year")


@given(month=months)
def test_in_this_year_the_month_decides_and_this_one_is_still_good(month: int) -> None:
    expected = ("invalid_expiry_month", "exp_month") if month < TODAY.month else None

    assert problem(month=month, year=TODAY.year) == expected


def test_an_expiry_is_needed() -> None:
    assert problem(month=None) == ("invalid_expiry_month", "exp_month")
    assert problem(year=None) == ("invalid_expiry_year", "exp_year")


@pytest.mark.parametrize(
    ("number", "cvc", "is_taken"),
    [
        (VISA, "123", True),
        (VISA, None, True),
        (VISA, "1234", False),
        (VISA, "99", False),
        (VISA, "", False),
        (VISA, "12a", False),
        (VISA, "\uff11\uff12\uff13", False),
        (AMEX, "1234", True),
        (AMEX, "123", False),
    ],
)
def test_a_cvc_has_three_digits_and_four_with_amex(number: str, cvc: str | None, is_taken: bool) -> None:
    assert problem(number, cvc=cvc) == (None if is_taken else ("invalid_cvc", "cvc"))


def stranger(number: str) -> CardProblem:
    found = card_problem(number, 12, NEXT_YEAR, cvc_of(number), today=TODAY)
    assert found is not None
    assert (found.code, found.decline_code, found.param) == ("card_declined", "test_mode_live_card", None)
    assert number not in found.message
    return found


# Made as the test runs: no real-looking number is written here.
@given(digits=st.text("0123456789", min_size=12, max_size=14))
def test_a_real_number_is_refused_and_not_repeated(digits: str) -> None:
    number = next(each for last in range(10) if luhn_valid(each := f"4{digits}{last}"))
    if number not in PUBLISHED and by_number(number) is None:
        assert "A real card number was sent" in stranger(number).message


@pytest.mark.parametrize("number", sorted(PUBLISHED.keys() - {row.number for row in INSTRUMENTS}))
def test_another_companys_test_number_is_not_called_real(number: str) -> None:
    assert "real" not in stranger(number).message


# Other methods


@pytest.mark.parametrize("kind", OTHER_METHODS)
def test_every_other_method_takes_its_course_and_is_paid(kind: str) -> None:
    method = OTHER_METHODS[kind]

    assert SIMULATIONS[method.simulate].course is method.course
    assert verdict_later(method.simulate) == Approved()
    assert (method.kind in SETTLES_LATER) is (method.course is Course.AFTER_DELAY)


@pytest.mark.parametrize(
    ("kind", "course"),
    [
        ("link", Course.AT_ONCE),
        ("ideal", Course.AFTER_ACTION),
        ("klarna", Course.AFTER_ACTION),
        ("upi", Course.AFTER_ACTION),
        ("konbini", Course.AFTER_DELAY),
        ("us_bank_account", Course.AFTER_DELAY),
        ("sepa_debit", Course.AFTER_DELAY),
    ],
)
def test_the_best_known_methods_go_as_they_are_known_to(kind: str, course: Course) -> None:
    assert OTHER_METHODS[kind].course is course


def test_a_card_is_none_of_them() -> None:
    assert "card" not in OTHER_METHODS
    assert decide(OTHER_METHODS["link"].simulate, None, None).outcome == Approved()
