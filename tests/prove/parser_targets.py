"""Every parser of what comes from outside, as a function of bytes: it raises nothing but a defect.

What a parser declares to raise is caught here; anything else is a find, and so is a result that
contradicts itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from kessai.adapters.masking import masked, masked_text
from kessai.adapters.webhook_answer import AnswerReader
from kessai.adapters.wire_errors import NoAnswerError
from kessai.dialects.native import merchant_routes, payment_routes, refund_routes, webhook_routes
from kessai.dialects.native.paging import decode_cursor, encode_cursor
from kessai.dialects.native.signing import sign
from kessai.dialects.native.verification import Message, event_ids, verify
from kessai.dialects.stripe import ids as stripe_ids
from kessai.dialects.stripe.reading import FormReader
from kessai.dialects.stripe.routes import every_route
from kessai.dialects.stripe.search import FIELDS, SearchError, parse
from kessai.domain.errors import KessaiError
from kessai.domain.ids import canonical
from kessai.domain.web_address import web_address
from kessai.http.json import to_json
from kessai.http.reading import ModelReader, model_reader
from kessai.http.request import BODY_MAX
from kessai.services.verification import Evidence, OtherSecret
from kessai.simulation.cards import PUBLISHED, admit, brand_of, luhn_valid, mask_real_numbers
from tests.prove.card_numbers import FORMS, cards
from tests.unit.http.asgi import Wire, request_of

_AT: Final = datetime(2026, 11, 26, tzinfo=UTC)
_ID: Final = "0199d3c2-5f00-7000-8000-0000000000e2"
_SECRET: Final = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
_PAYMENT: Final = (
    b'{"amount": 1000, "currency": "USD", "payment_method": {"type": "card"}, "metadata": {"a": "b"}}'
)
_ALONE: Final = re.compile(r"(?:(?<![\d%+])(?<!%3)|(?<=%2[0-9]))[0-9]{13,19}(?!\d|%3\d)")
"""A number that stands in one piece, without an escaped digit before or behind it, and is no phone number."""


@dataclass(frozen=True, slots=True)
class Target:
    """One of them, and what to begin with."""

    read: Callable[[bytes], None]
    seeds: Sequence[bytes]


def _json(data: bytes) -> None:
    """Bodies of the native API, by a route that the first byte chooses."""
    reader = _of(data, _native_readers("POST"))
    with suppress(KessaiError):
        _, body = reader.read(request_of(), data[1:])
        to_json(body)


def _query(data: bytes) -> None:
    """Query strings of the native API."""
    reader = _of(data, _native_readers("GET"))
    with suppress(KessaiError):
        reader.read(request_of(query=data[1:]), b"")


def _body(data: bytes) -> None:
    """A body in pieces, under a Content-Length that may lie: never more than the limit is taken."""
    announced, _, rest = data.partition(b"\n")
    size = 1 + len(announced) % 7 * 1_500
    pieces = [rest[at : at + size] for at in range(0, len(rest), size)] or [b""]
    request = request_of((b"content-length", announced), wire=Wire(*pieces))
    with suppress(KessaiError):
        assert len(_loop().run_until_complete(request.body(60))) <= BODY_MAX


def _form(data: bytes) -> None:
    """Forms of the Stripe API, read by the parameters of a route that the first byte chooses."""
    reader = _of(data, _form_readers())
    with suppress(KessaiError):
        _, given = reader.read(request_of(), data[1:])
        to_json(given)


def _signature(data: bytes) -> None:
    """Headers of a received webhook, then its body."""
    head, _, body = data.partition(b"\n\n")
    lines = (line.decode("latin-1").partition(": ") for line in head.split(b"\n"))
    headers = [(name, value) for name, _, value in lines]
    event_ids(headers)
    evidence = Evidence((_SECRET, headers[0][1]), (OtherSecret("topsecret", "another"),), _PAYMENT)
    assert verify(Message(body, headers, _AT), evidence)


def _cursor(data: bytes) -> None:
    """Cursors and ids: what is taken is written again as it was."""
    text = data.decode("utf-8", "replace")
    with suppress(KessaiError):
        found = decode_cursor(text)
        assert found is not None
        assert encode_cursor(found) == text
    prefix = text.rpartition("_")[0]
    if core := stripe_ids.decode(prefix, text):
        assert stripe_ids.encode(prefix, core) == text
    if core := stripe_ids.decode_short(text):
        assert stripe_ids.encode_short(core) == text
    assert canonical(text) in (None, text.lower())


def _card(data: bytes) -> None:
    """Texts with card numbers: one that could be real is nowhere afterwards."""
    text = data.decode("utf-8", "replace")
    real = [each for each in _ALONE.findall(text) if _could_be_real(each)]
    to_json(masked({text[:40]: text, "nested": [text.encode(), {"a": text}]}))
    for shown in (mask_real_numbers(text), masked_text(text)):
        assert not [each for each in real if each in _ALONE.findall(shown)]
    with suppress(KessaiError):
        assert admit(text, param="number") in PUBLISHED


def _could_be_real(number: str) -> bool:
    return brand_of(number) == "visa" and number not in PUBLISHED and luhn_valid(number)


def _search(data: bytes) -> None:
    """Queries of the Stripe API's searches."""
    kinds = list(FIELDS)
    with suppress(SearchError):
        parse(data[1:].decode("utf-8", "replace"), FIELDS[_of(data, kinds)]).matches({"metadata": {"a": "b"}})


def _url(data: bytes) -> None:
    """URLs: what is taken stays the same when it is taken apart once more."""
    with suppress(ValueError):
        found = web_address(data.decode("utf-8", "replace"))
        again = f"{'https' if found.is_tls else 'http'}://{found.authority}{found.target}"
        try:
            is_same = web_address(again) == found
        except ValueError:
            is_same = False
        assert is_same, again


def _answer(data: bytes) -> None:
    """Answers of webhooks' receivers, in pieces."""
    reader = AnswerReader()
    with suppress(NoAnswerError):
        for at in range(0, len(data), 97):
            if reader.feed(data[at : at + 97]):
                break
        else:
            reader.end()
    reader.text().encode()
    reader.shown_headers()
    reader.header(b"retry-after")
    reader.let_go()


# Any: whatever is chosen from.
def _of(data: bytes, choices: Sequence[Any]) -> Any:
    return choices[data[0] % len(choices) if data else 0]


@cache
def _native_readers(method: str) -> list[ModelReader]:
    modules = (payment_routes, refund_routes, merchant_routes, webhook_routes)
    routes = [each for module in modules for each in module.router.routes if each.method == method]
    return [model_reader(each) for each in routes]


@cache
def _form_readers() -> list[FormReader]:
    return [FormReader(each.method, each.template, each.simulated) for each in every_route()]


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _signed(body: bytes) -> bytes:
    headers = sign(body, [_SECRET], event_id=_ID, event_type="ping", attempt=1, at=_AT)
    stripe = f"Stripe-Signature: t={int(_AT.timestamp())},v1={'ab' * 32},v0=x"
    return "\n".join([*(f"{name}: {value}" for name, value in headers), stripe]).encode() + b"\n\n" + body


_NUMBER: Final = cards(1, 1)[0].number
TARGETS: Final[Mapping[str, Target]] = {
    "json": Target(
        _json, (b"\x00" + _PAYMENT, b"\x01{}", b'\x02{"a":[{"b":1e9}]}', b'\x00{"amount":"\\ud800"}')
    ),
    "query": Target(_query, (b"\x00limit=3&status=CAPTURED&cursor=x", b"\x01limit=%31&a=b+c")),
    "body": Target(_body, (b"10\n0123456789", b"65537\n", b"9" * 4_400 + b"\n", b"\n" + b"x" * 7_000)),
    "form": Target(
        _form,
        (
            *(
                bytes([place]) + b"amount=1000&currency=usd&metadata[a]=b&expand[]=x"
                for place in range(0, 250, 9)
            ),
            b"\x05a=1&metadata[a]=1&metadata=2&a[b][]=3",
            b"\x05line_items[0][price]=x&line_items[0][quantity]=1&a[][b]=1&a[][b]=2",
        ),
    ),
    "signature": Target(_signature, (_signed(_PAYMENT), b"HTTP_X_WEBHOOK_SIGNATURE: sha256=ab\n\n{}")),
    "cursor": Target(
        _cursor,
        (
            *(each.encode() for each in (encode_cursor(_ID), _ID, stripe_ids.encode("pi", _ID))),
            stripe_ids.encode_short(_ID).encode(),
        ),
    ),
    "card": Target(
        _card,
        (
            *(f"a {write(_NUMBER)} b".encode() for write in FORMS.values()),
            f"{_ID} {_NUMBER}-{_ID}".encode(),
            f"{_ID[:24]}{_NUMBER}".encode(),
            b"4242 4242 4242 4242 sk_test_a whsec_b Bearer c",
        ),
    ),
    "search": Target(
        _search,
        (
            b"\x00amount>1000 AND status:'succeeded'",
            b"\x01-name~\"jane\" metadata['a']:null",
            b"\x02created<=1.5",
        ),
    ),
    "url": Target(
        _url, (b"https://example.com:8443/a?b=c%20", b"http://[::1]:80/", "http://bücher.test".encode())
    ),
    "answer": Target(
        _answer,
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            b"HTTP/1.1 100 Continue\r\n\r\n"
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ),
    ),
}
"""By name. The seeds are what is altered."""
