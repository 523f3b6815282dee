"""What a receiver's `Retry-After` means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.adapters.webhook_sender import retry_after_s

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        (" 120 ", 120),
        ("3601", 3600),
        ("9" * 5000, 3600),
        ("0" * 5000 + "7", 7),
        ("-1", None),
        ("1.5", None),
        ("١٢", None),
        ("soon", None),
        ("Mon, 23 Nov 2026 12:02:00 GMT", 120),
        ("Mon, 23 Nov 2026 12:02:00 -0000", 120),
        ("Monday, 23-Nov-26 12:02:00 GMT", 120),
        ("Mon Nov 23 12:02:00 2026", 120),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("Tue, 24 Nov 2026 12:00:00 GMT", 3600),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after(value: str | None, expected: int | None) -> None:
    assert retry_after_s(value, now=NOW) == expected


@given(value=st.text() | st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [+-]?\w+"))
def test_no_retry_after_is_too_odd(value: str) -> None:
    wait_s = retry_after_s(value, now=NOW)

    assert wait_s is None or 0 <= wait_s <= 3600
