"""How an answer leaves, or does not."""

from __future__ import annotations

import pytest

from kessai.domain.idempotency import StoredAnswer
from kessai.http.answer import Answer, AnswerLostError, hang_up, replayed, send_answer
from tests.unit.http.asgi import Message, Wire


async def test_an_answer_leaves_in_two_messages() -> None:
    wire = Wire(b"")
    answer = Answer(201, b"{}", headers=[(b"x-b", b"2")])
    await send_answer(wire.send, answer, [(b"x-a", b"1")], with_body=True)
    assert wire.sent == [
        {
            "type": "http.response.start",
            "status": 201,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", b"2"),
                (b"x-a", b"1"),
                (b"x-b", b"2"),
            ],
        },
        {"type": "http.response.body", "body": b"{}"},
    ]


async def test_the_answer_to_head_tells_its_length_and_has_no_body() -> None:
    wire = Wire(b"")
    await send_answer(wire.send, Answer(200, b"{}"), [], with_body=False)
    assert (b"content-length", b"2") in wire.sent[0]["headers"]
    assert wire.sent[1]["body"] == b""


def test_a_stored_answer_says_that_it_is_one() -> None:
    again = replayed(StoredAnswer(201, "text/plain", b"as it was"))
    assert (again.status, again.content_type, again.body) == (201, "text/plain", b"as it was")
    assert again.headers == ((b"idempotent-replayed", b"true"),)
    assert not again.is_lost
    assert not again.after_s


class Cycle:
    """What uvicorn's `send` belongs to."""

    def __init__(self) -> None:
        self.transport = self
        self.is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True

    async def send(self, message: Message) -> None:
        raise AssertionError("nothing is to be sent")

    async def receive(self) -> Message:
        assert self.is_aborted
        return {"type": "http.disconnect"}


async def test_an_answer_is_lost_by_closing_the_connection() -> None:
    cycle = Cycle()
    await hang_up(cycle.receive, cycle.send)
    assert cycle.is_aborted


async def test_where_nothing_can_be_closed_the_server_is_told() -> None:
    wire = Wire(b"")
    with pytest.raises(AnswerLostError):
        await hang_up(wire.receive, wire.send)
    assert wire.sent == []
