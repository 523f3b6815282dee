"""Cursors come back as they went out, and nothing else does."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.dialects.native.paging import decode_cursor, encode_cursor, page
from kessai.domain.errors import InvalidFieldError


@dataclass(frozen=True)
class Row:
    """Something listed."""

    id: str


IDS = st.uuids().map(str)


@given(IDS)
def test_a_cursor_comes_back_as_the_id_it_was_made_of(last_id: str) -> None:
    cursor = encode_cursor(last_id)
    assert decode_cursor(cursor) == last_id
    assert len(cursor) <= 64
    assert cursor.isascii()


@given(st.text(max_size=64))
def test_whatever_else_is_passed_is_refused(text: str) -> None:
    try:
        known = decode_cursor(text)
    except InvalidFieldError:
        return
    assert known is not None
    assert encode_cursor(known) == text


@given(IDS, st.characters(), st.integers(0, 22))
def test_a_cursor_with_something_added_is_refused(last_id: str, added: str, place: int) -> None:
    cursor = encode_cursor(last_id)
    with pytest.raises(InvalidFieldError):
        decode_cursor(cursor[:place] + added + cursor[place:])


def test_no_cursor_is_the_beginning() -> None:
    assert decode_cursor(None) is None


@pytest.mark.parametrize(
    ("rows", "shown", "has_more"), [(0, 0, False), (2, 2, False), (3, 3, False), (4, 3, True)]
)
def test_one_row_too_many_says_that_there_is_more(rows: int, shown: int, has_more: bool) -> None:
    items = [Row(f"0199d3c2-5f00-7000-8000-{number:012}") for number in range(rows)]
    made = page(items, 3, lambda row: row.id)
    assert made["data"] == [row.id for row in items[:shown]]
    assert made["has_more"] is has_more
    assert made["next_cursor"] == (encode_cursor(items[2].id) if has_more else None)
