"""Security codes in free text and in metadata."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.simulation.card_data import mask_card_data, mask_card_data_under
from kessai.simulation.cards import mask_real_numbers
from tests.support.real_card import real_card


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("cvc 012", "cvc ***"),
        ("CVC: 1234, call me", "CVC: ****, call me"),
        ("cvv2=999", "cvv2=***"),
        ("my cvc code is 123.", "my cvc code is ***."),
        ("cardCVC123", "cardCVC***"),
        ("exp 12/28, security code (123)", "exp 12/28, security code (***)"),
        ("Card Security-Code:\n123", "Card Security-Code:\n***"),
        ("card verification value 123", "card verification value ***"),
        ('{"number": 1, "cvc": "123"}', '{"number": 1, "cvc": "***"}'),
        (r"{\"cvc\":\"123\"}", r"{\"cvc\":\"***\"}"),
        ("'cvc' => '123'", "'cvc' => '***'"),
        ("card[exp_year]=2030&card[cvc]=123", "card[exp_year]=2030&card[cvc]=***"),
        ("card%5Bcvc%5D=123", "card%5Bcvc%5D=***"),
        ("cvc%3D123", "cvc%3D***"),
        ("<cvc>123</cvc>", "<cvc>***</cvc>"),
        *(
            (f"cvc{between}123", f"cvc{between}***")
            for between in (" is: ", ": is ", "  :  ", ";", "|", " → ")
        ),
        ("cvv no. 123", "cvv no. ***"),
        ("cvd 123", "cvd ***"),
        ("セキュリティコード：123", "セキュリティコード：***"),  # noqa: RUF001
        ("セキュリティーコード 123", "セキュリティーコード ***"),
        ("CVCは１２３", "CVCは***"),  # noqa: RUF001
        ("https://shop.example/pay?card=1&cvc=123", "https://shop.example/pay?card=1&cvc=***"),
        ("https://shop.example/pay?card[cvc]=123", "https://shop.example/pay?card[cvc]=***"),
    ],
)
def test_a_security_code_is_masked(text: str, masked: str) -> None:
    assert mask_card_data(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        *("order 123", "cvc checked", "cvc 12", "cvc 12345", "cvc of order 123", "incorrect_cvc", ""),
        *("CSC 101", "verification code 1234", "security 2026", "123 cvc", "cvc 100.00 USD"),
        *("security code 2024-05-01", "pi_NcvC123abc", "encvc 123", "cvc 123abc", "cvc: 10:30"),
        *("https://cdn.example/cvc-1234.png", "https://shop.example/security_code/2024"),
    ],
)
def test_what_is_no_security_code_stays(text: str) -> None:
    assert mask_card_data(text) == text


def test_a_number_and_its_code_are_both_masked() -> None:
    number = real_card()

    assert mask_card_data(f"{number} cvc 123") == f"{'*' * 12}{number[-4:]} cvc ***"
    assert mask_card_data(f"cvc 123 {number}") == f"cvc *** {'*' * 12}{number[-4:]}"


def test_what_is_called_a_code_may_be_a_number() -> None:
    number = real_card()
    grouped = " ".join(number[first : first + 4] for first in range(0, 16, 4))

    assert mask_card_data(f"cvc: {grouped}") == f"cvc: **** **** **** {number[-4:]}"
    assert mask_card_data(f"cvc{number}") == f"cvc{'*' * 12}{number[-4:]}"


@pytest.mark.parametrize(
    "name",
    [
        "cvc",
        "CVV",
        "card_cvc",
        "cardCvc",
        "payer.security_code",
        "cvc_code",
        "cvc_1",
        "cvc ",
        "card[cvc]",
        "cvv_no",
    ],
)
def test_a_name_can_say_that_it_is_a_security_code(name: str) -> None:
    assert mask_card_data_under(name, " 123") == "****"
    assert mask_card_data_under(name, "passed") == "passed"
    assert mask_card_data_under(name, "12345") == "12345"


@pytest.mark.parametrize("name", ["cvc_attempts", "order", "security", ""])
def test_other_names_say_nothing(name: str) -> None:
    assert mask_card_data_under(name, "123") == "123"
    assert mask_card_data_under(name, "cvc 123") == "cvc ***"


@given(text=st.text(alphabet="0123456789 -x:cvsecurity", max_size=60))
def test_only_digits_are_hidden_and_masking_twice_hides_no_more(text: str) -> None:
    masked = mask_card_data(text)

    assert all(after in (before, "*") for before, after in zip(text, masked, strict=True))
    assert all(before.isdigit() for before, after in zip(text, masked, strict=True) if before != after)
    assert mask_card_data(masked) == masked


@given(text=st.text(alphabet="0123456789 -", max_size=60))
def test_card_numbers_are_masked_as_ever(text: str) -> None:
    assert mask_card_data(text) == mask_real_numbers(text)
