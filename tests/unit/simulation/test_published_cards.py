"""Stripe's page on testing, line by line, where it is about more than a brand, a country or a decline.

Source: Stripe, "Testing", read 2026-11-27.
"""

from __future__ import annotations

import pytest

from kessai.simulation.instruments import (
    PublishedInstrument,
    by_name,
    by_number,
    challenge_needed,
    simulate_for,
)

NUMBERS = [
    # number, brand, funding, country, outcome
    ("6555900000604105", "discover", "credit", "US", "success"),
    ("4000050360000001", "visa", "debit", "AU", "success"),
    ("5555050360000080", "mastercard", "debit", "AU", "success"),
    ("5062210000000009", "carnet", "credit", "MX", "success"),
    ("4000051230000072", "visa", "debit", "US", "success"),
    ("5200828282828897", "mastercard", "debit", "US", "success"),
    ("4000008400000407", "visa", "credit", "US", "success"),
    ("4000008400000159", "visa", "credit", "US", "success"),
    ("4000008400001017", "visa", "credit", "US", "success"),
    ("4000008405600003", "visa", "credit", "US", "success"),
    ("4000000404000038", "visa", "credit", "US", "dispute"),
    ("4000008400000779", "visa", "credit", "US", "dispute_noncompliant"),
    ("5105008400000002", "mastercard", "credit", "US", "dispute_noncompliant"),
    ("4000000001000043", "visa", "credit", "US", "dispute"),
    ("4000000404004816", "visa", "credit", "US", "dispute"),
    ("4000000404005649", "visa", "credit", "US", "dispute"),
    ("5105000300000018", "mastercard", "credit", "US", "dispute"),
    ("4000000000003220", "visa", "credit", "IE", "requires_action"),
    ("4000008400000027", "visa", "credit", "US", "requires_action"),
    ("4000000032200000", "visa", "credit", "US", "success"),
    ("4000582600000094", "visa", "credit", "US", "requires_action"),
    ("4000582600000045", "visa", "credit", "US", "requires_action"),
    ("4000582600000102", "visa", "credit", "US", "requires_action"),
    ("4000582600000110", "visa", "credit", "US", "requires_action"),
    ("4000000000001208", "visa", "credit", "US", "success"),
    ("4000000000003725", "visa", "credit", "US", "success"),
    ("4001007020000002", "visa", "credit", "SG", "success"),
    ("4000008260000075", "visa", "credit", "GB", "success"),
    ("4001000360000005", "visa", "credit", "AU", "success"),
    ("4000002760000008", "visa", "credit", "DE", "success"),
]

NAMES = [
    ("visa_debit_eftposAuCoBranded", "4000050360000001"),
    ("mastercard_debit_eftposAuCoBranded", "5555050360000080"),
    ("debit_visaFsaProductCode", "4000051230000072"),
    ("debit_visaHsaProductCode", "4000051230000072"),
    ("mastercard_debit_mastercardFsaProductCode", "5200828282828897"),
    ("visa_chargeDeclinedExpiredCard", "4000000000000069"),
    ("visa_chargeDeclinedFraudulent", "4100000000000019"),
    ("visa_chargeDeclinedIncorrectCvc", "4000000000000127"),
    ("visa_chargeDeclinedProcessingError", "4000000000000119"),
    ("visa_chargeCustomerFail", "4000000000000341"),
    ("highFraudDisputeScore", "4000008400000407"),
    ("highEfwScore", "4000008400000159"),
    ("radarDynamicRiskThreshold", "4000008400001017"),
    ("adaptive3dsChallenge", "4000008405600003"),
    ("createCe3EligibleDispute", "4000000404000038"),
    ("createComplianceDispute", "4000008400000779"),
    ("createMastercardComplianceDispute", "5105008400000002"),
    ("createAutoRepresentmentEligibleDispute", "4000000001000043"),
    ("createRapidDisputeResolutionDispute", "4000000404004816"),
    ("createCe3BlockDispute", "4000000404005649"),
    ("createEthocaAlert", "5105000300000018"),
]


def outcome(row: PublishedInstrument) -> str:
    """What a payment leads to whose payer is there."""
    is_asked = challenge_needed(row, off_session=False, is_set_up=False, wanted="automatic")
    return simulate_for(row, challenged=is_asked)


@pytest.mark.parametrize(("number", "brand", "funding", "country", "simulate"), NUMBERS)
def test_a_number_is_what_the_page_says(
    number: str, brand: str, funding: str, country: str, simulate: str
) -> None:
    row = by_number(number)

    assert row is not None
    assert (row.brand, row.last4, row.funding, row.country) == (brand, number[-4:], funding, country)
    assert outcome(row) == simulate


@pytest.mark.parametrize(("name", "number"), NAMES)
def test_a_name_is_that_of_its_number(name: str, number: str) -> None:
    assert by_name(name) is by_number(number)


@pytest.mark.parametrize(
    ("name", "last4", "funding", "reason", "is_attached"),
    [
        ("visa_debit_chargeDeclinedInsufficientFunds", "9995", "debit", "insufficient_funds", False),
        ("visa_chargeCustomerFailLostCard", "0341", "credit", "lost_card", True),
        ("visa_chargeCustomerFailStolenCard", "0341", "credit", "stolen_card", True),
    ],
)
def test_a_name_without_a_number_is_declined_for_its_reason(
    name: str, last4: str, funding: str, reason: str, is_attached: bool
) -> None:
    row = by_name(name)

    assert row is not None
    assert row.decline is not None
    assert (row.number, row.last4, row.funding) == (None, last4, funding)
    assert (row.decline.code, row.decline.decline_code) == ("card_declined", reason)
    assert row.refuses_at_attach is not is_attached
    assert outcome(row) == reason


@pytest.mark.parametrize("wanted", ["automatic", "any", "challenge"])
@pytest.mark.parametrize("is_set_up", [False, True])
def test_nobody_is_asked_where_the_issuer_knows_already(wanted: str, is_set_up: bool) -> None:
    row = by_number("4000000032200000")

    assert row is not None
    assert not challenge_needed(row, off_session=False, is_set_up=is_set_up, wanted=wanted)
