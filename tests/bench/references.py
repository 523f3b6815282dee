"""What kessai is compared with: bare servers under the same uvicorn, loop and parser, which store nothing.

`python -m tests.bench.references serve --app hello|create|fastapi` announces itself as `kessai serve` does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final
from uuid import uuid4

import fastapi
import orjson
import uvicorn

from kessai.cli.listening import bound
from kessai.cli.serving import OPTIONS, Server

# Any: ASGI's messages have values of many types.
Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Any]

_HELLO: Final = b'{"hello":"world"}'
_PAYMENT: Final[Mapping[str, Any]] = {
    "id": None,
    "amount": None,
    "currency": None,
    "status": "CAPTURED",
    "description": None,
    "customer_email": None,
    "metadata": {},
    "reference": None,
    "capture_method": "automatic",
    "simulate": "success",
    "captured_amount": 0,
    "refunded_amount": 0,
    "error_code": None,
    "error_message": None,
    "payment_method": None,
    "next_action": None,
    "created_at": "2026-11-25T12:00:00.123456Z",
    "updated_at": "2026-11-25T12:00:00.123456Z",
    "authorized_at": "2026-11-25T12:00:00.123456Z",
    "captured_at": "2026-11-25T12:00:00.123456Z",
    "expires_at": None,
}


async def hello(scope: Message, receive: Any, send: Any) -> None:
    """Answer, whatever is asked: what uvicorn itself costs."""
    await _answer(send, 200, _HELLO)


async def create(scope: Message, receive: Any, send: Any) -> None:
    """Read and parse a payment and answer as if it were stored."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    asked = orjson.loads(body)
    payment = {**_PAYMENT, **asked, "id": str(uuid4()), "captured_amount": asked["amount"]}
    await _answer(send, 201, orjson.dumps(payment))


async def _answer(send: Any, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def fastapi_hello() -> App:
    """As FastAPI's own first example: one route that gives a dictionary; no model, nothing read."""
    app = fastapi.FastAPI()

    @app.get("/", response_model=None)
    async def say_hello() -> dict[str, str]:
        return {"hello": "world"}

    return app


APPS: Final[Mapping[str, Callable[[], App]]] = {
    "hello": lambda: hello,
    "create": lambda: create,
    "fastapi": fastapi_hello,
}


def _serve(app: App) -> None:
    with bound("127.0.0.1", 0) as listening:
        server = Server(uvicorn.Config(app, lifespan="off", **OPTIONS))
        ready = {"event": "ready", "base_url": listening.base_url, "api_key": ""}
        server.on_ready = lambda: print(json.dumps(ready), flush=True)
        server.run(sockets=listening.sockets)


if __name__ == "__main__":
    _serve(APPS[sys.argv[sys.argv.index("--app") + 1]]())
