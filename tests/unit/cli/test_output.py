"""What others wrote cannot do anything to the terminal it is shown on."""

from __future__ import annotations

import pytest

from kessai.cli.output import plain
from kessai.cli.remote.telling import event_line, subject


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, 決済 and é", "plain words, 決済 and é"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        (None, "None"),
    ],
)
def test_what_moves_the_cursor_or_hides_is_written_out(text: object, shown: str) -> None:
    assert plain(text) == shown


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    hostile = {"id": "1\n2", "status": "\x1b[31m", "url": []}
    event = {"id": "e\r", "event": "a\tb", "created_at": "2026-01-31T12:00:00.123456Z", "body": {}}

    assert event_line(event).split() == ["2026-01-31", "12:00:00Z", "a\\tb", "e\\r"]
    assert subject({"payment": hostile, "refund": "none", "endpoint": None}) == ("payment 1\\n2 \\x1b[31m")


@pytest.mark.parametrize(
    ("ids", "shown"),
    [
        ({"payment_id": "p", "refund_id": None, "endpoint_id": None}, "payment p"),
        ({"payment_id": "p", "refund_id": "r", "endpoint_id": None}, "payment p  refund r"),
        ({"payment_id": None, "refund_id": None, "endpoint_id": "w"}, "endpoint w"),
        ({"event": "dispute.closed", "payment_id": None, "document_id": "d"}, "dispute d"),
        ({"event": "payment.failed", "payment_id": "p", "document_id": None}, "payment p"),
    ],
)
def test_an_event_whose_body_was_pruned_still_says_whom_it_is_about(
    ids: dict[str, str | None], shown: str
) -> None:
    event = {"id": "e", "event": "any", "created_at": "2026-01-31T12:00:00Z", "body": None, **ids}

    assert event_line(event).endswith(f"  e  {shown}  (body pruned)")
