"""Writing an answer, or hanging up without one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kessai.domain.idempotency import StoredAnswer

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Headers = Sequence[tuple[bytes, bytes]]

REPLAYED: Final = (b"idempotent-replayed", b"true")


@dataclass(slots=True)
class Answer:
    """Status, body and headers, and how they leave. `replays` is the request that was answered so before."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Headers = ()
    after_s: float = 0
    is_lost: bool = False
    replays: str | None = None


def replayed(stored: StoredAnswer) -> Answer:
    """A stored answer, to be sent again."""
    return Answer(stored.status, stored.body, stored.content_type, (REPLAYED,), replays=stored.request_id)


class AnswerLostError(Exception):
    """The answer was to be lost and the server offers no way to hang up: it sees this instead."""


async def send_answer(send: Send, answer: Answer, headers: Headers, *, with_body: bool) -> None:
    """Send status, headers and body in two messages."""
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (b"content-type", answer.content_type.encode()),
                (b"content-length", str(len(answer.body)).encode()),
                *headers,
                *answer.headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": answer.body if with_body else b""})


async def hang_up(receive: Receive, send: Send) -> None:
    """Close the connection without an answer, as a network does.

    ASGI has no word for it. uvicorn's `send` is a method of the object that holds the transport; where
    there is none, the error reaches the server, whose client then sees a broken exchange.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise AnswerLostError
    transport.abort()
    # Until the server has noticed; it takes a call that ends without an answer before that for a mistake.
    while (await receive())["type"] != "http.disconnect":
        pass
