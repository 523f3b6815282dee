"""A search that finds nothing proves nothing: it has to find each form in which a number can lie about."""

from __future__ import annotations

import base64

import pytest

from tests.prove.card_numbers import FORMS, Card, cards
from tests.prove.card_search import Search, shows

CARDS = cards(1, 40)
SEARCH = Search(each.number for each in CARDS)


@pytest.mark.parametrize("form", FORMS)
def test_a_number_is_found_in_every_form(form: str) -> None:
    for card in CARDS:
        text = f"card {FORMS[form](card.number)}, thanks".encode()
        assert SEARCH.in_bytes(text) == {card.number}
        assert shows(text, card.number)


@pytest.mark.parametrize("form", [each for each in FORMS if each != "full width"])
def test_a_number_is_found_in_utf_16(form: str) -> None:
    for card in CARDS:
        assert SEARCH.in_bytes(FORMS[form](card.number).encode("utf-16-le")) == {card.number}


@pytest.mark.parametrize("card", CARDS[:4], ids=lambda each: f"ending in {each.number[-4:]}")
def test_a_number_is_found_in_base64_and_in_hexadecimal(card: Card) -> None:
    for before in ("", "a", "ab"):
        written = base64.b64encode(f"{before}{card.number}, thanks".encode())
        assert SEARCH.in_text(b'{"cursor":"' + written + b'"}') == {card.number}
    assert SEARCH.in_text(card.number.encode().hex().encode()) == {card.number}


def test_what_a_mask_leaves_is_no_find() -> None:
    for card in CARDS:
        masked = f"card {'*' * 12}{card.number[-4:]}".encode()
        assert not SEARCH.in_bytes(masked)
        assert not shows(masked, card.number)
