"""How each scheme writes its signature into headers: reading it, step by step, up to the first that fails.

Pure. Four schemes are known: our own, Standard Webhooks, and those of Stripe and Razorpay, whose messages
integrators hold beside ours.

Sources, read 2026-11-23: Standard Webhooks 1.0.0, "Signature scheme"; Stripe, "Verify webhook signatures
manually"; Razorpay, "Validate and test webhooks".
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

from kessai.dialects.native import signing
from kessai.dialects.native.received_headers import (
    RAZORPAY_SIGNATURE,
    SIGNATURE,
    STANDARD_ID,
    STANDARD_SIGNATURE,
    STANDARD_TIMESTAMP,
    STRIPE_SIGNATURE,
    Headers,
    is_rewritten,
)

_HEX: Final = re.compile(r"[0-9a-f]{64}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{43}=")
_SECONDS: Final = re.compile(r"0|[1-9][0-9]{0,11}")
_MILLISECONDS: Final = re.compile(r"[1-9][0-9]{12}")
_SHOWN_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a verifier looks at. `hint`: what to do when it is not as it should be."""

    name: str
    ok: bool
    message: str
    hint: str | None = None


class StoppedError(Exception):
    """A step has failed; those after it mean nothing."""


@dataclass(slots=True)
class Trail:
    """The steps so far."""

    steps: list[Step] = field(default_factory=list)

    def passed(self, name: str, message: str) -> None:
        """Note a step that is as it should be."""
        self.steps.append(Step(name, True, message))

    def failed(self, name: str, message: str, hint: str) -> NoReturn:
        """Note a step that is not, and stop."""
        self.steps.append(Step(name, False, message, hint))
        raise StoppedError


@dataclass(frozen=True, slots=True)
class Signed:
    """What the headers say. One of `signatures` has to be the HMAC of `head` and the body.

    `key` makes key bytes of a secret, `write` a signature of key bytes and text. `sent_at` is in seconds
    since 1970, None where the scheme has no time.
    """

    header: str
    signatures: Sequence[str]
    head: bytes
    key: Callable[[str], bytes]
    write: Callable[[bytes, bytes], str]
    sent_at: int | None = None

    def fits(self, key: bytes, body: bytes, head: bytes | None = None) -> bool:
        """Whether a signature was made with these key bytes over this body."""
        expected = self.write(key, (self.head if head is None else head) + body)
        return any(hmac.compare_digest(expected, each) for each in self.signatures)


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to sign. It is tried when one of `headers` is there; `read` leaves its steps on the trail.

    `future_passes`: its verifiers let a message through that was sent later than it was received.
    """

    name: str
    headers: tuple[str, ...]
    read: Callable[[Headers, Trail], Signed]
    future_passes: bool = False


def _hex_scheme(name: str, header: str) -> Scheme:
    def read(headers: Headers, trail: Trail) -> Signed:
        signature = _header(headers, header, trail)
        _check_hex(signature, header, trail)
        trail.passed("format", "64 digits of lower-case hex")
        return Signed(header, (signature,), b"", signing.text_key, signing.hex_signature)

    return Scheme(name, (header,), read)


def _read_standard(headers: Headers, trail: Trail) -> Signed:
    given = _header(headers, STANDARD_SIGNATURE, trail)
    message_id = _header(headers, STANDARD_ID, trail)
    written_at = _header(headers, STANDARD_TIMESTAMP, trail)
    signatures = _standard_signatures(given, trail)
    sent_at = _seconds(written_at, STANDARD_TIMESTAMP, trail)
    return Signed(
        STANDARD_SIGNATURE,
        signatures,
        signing.standard_head(message_id, written_at),
        signing.standard_key,
        signing.base64_signature,
        sent_at,
    )


def _read_stripe(headers: Headers, trail: Trail) -> Signed:
    given = _header(headers, STRIPE_SIGNATURE, trail)
    elements = [part.partition("=") for part in given.split(",")]
    names = [name for name, _, _ in elements]
    if any(name != name.strip() for name in names):
        trail.failed(
            "format",
            f"there is a space after a comma of {STRIPE_SIGNATURE}: verifiers do not find what follows",
            "write it as it was sent, t=…,v1=…, without spaces; joining and printing lists adds them",
        )
    signatures = [value for name, _, value in elements if name == "v1"]
    if not signatures:
        trail.failed(
            "format",
            f"{STRIPE_SIGNATURE} has no v1" + (", and v0 is not to be trusted" if "v0" in names else ""),
            "it looks like t=1700000000,v1=<64 digits of hex>; pass the whole header, not a part of it",
        )
    for each in signatures:
        _check_hex(each, f"v1 of {STRIPE_SIGNATURE}", trail)
    trail.passed("format", f"{_counted(len(signatures), 'v1 signature')} of 64 digits of lower-case hex")
    times = [value for name, _, value in elements if name == "t"]
    if not times:
        trail.failed(
            "timestamp",
            f"{STRIPE_SIGNATURE} has no t, the time that is signed with the body",
            "it looks like t=1700000000,v1=<64 digits of hex>; pass the whole header, not a part of it",
        )
    sent_at = _seconds(times[0], f"t of {STRIPE_SIGNATURE}", trail)
    head = f"{times[0]}.".encode()
    return Signed(STRIPE_SIGNATURE, signatures, head, signing.text_key, signing.hex_signature, sent_at)


def _header(headers: Headers, name: str, trail: Trail) -> str:
    values = headers.values(name)
    if not values:
        trail.failed("header", *_missing(headers, name))
    if len(values) > 1:
        trail.failed(
            "header",
            f"{name} came {len(values)} times, with different values",
            "send it once; look for a proxy or a test that adds its own",
        )
    if not values[0]:
        trail.failed("header", f"{name} is empty", "look for a proxy that clears it, or a variable not set")
    trail.passed("header", f"{name} is there")
    return values[0]


def _missing(headers: Headers, name: str) -> tuple[str, str]:
    near = headers.near(name)
    if near is None:
        return f"{name} is missing", "log every header as it arrives; a proxy may drop those it does not know"
    shown = ascii(near[:_SHOWN_MAX])[1:-1]
    if is_rewritten(near):
        hint = f"WSGI and CGI servers call {name} so: look it up under that name, and pass it here as {name}"
    elif "_" in near:
        hint = f"underscores are not dashes, and many servers drop such names: the header is {name}"
    else:
        hint = f"write {name}"
    return f"{name} is missing, but {shown} is there", hint


def _check_hex(value: str, what: str, trail: Trail) -> None:
    if _HEX.fullmatch(value):
        return
    plain = value.lower()
    if _HEX.fullmatch(plain):
        hint = "the signature is lower-case: lower yours before you compare, or pass what was sent"
        trail.failed("format", f"{what} has capital letters", hint)
    if plain.startswith("sha256="):
        trail.failed("format", f"{what} begins with sha256=", "what is sent is the hex alone: remove that")
    if _BASE64.fullmatch(value):
        trail.failed(
            "format", f"{what} is base64, not hex", "write the digest in hex: hexdigest, not b64encode"
        )
    stranger = re.search(r"[^0-9a-f]", plain)
    if stranger is None:
        hint = "64 are right: it was cut off, or something was appended"
        trail.failed("format", f"{what} has {len(value)} digits of hex", hint)
    place = f"{value[stranger.start()]!a} at position {stranger.start() + 1}"
    hint = "it is 64 digits of 0 to 9 and a to f: look for what alters it on its way"
    trail.failed("format", f"{what} is not hex: {place}", hint)


def _standard_signatures(given: str, trail: Trail) -> list[str]:
    elements = [each.partition(",") for each in given.split(" ")]
    known = [value for version, _, value in elements if version == "v1"]
    if not known:
        trail.failed(
            "format",
            f"{STANDARD_SIGNATURE} has no v1 signature",
            "it looks like v1,<base64>, several of them with a space between; pass the whole header",
        )
    usable = [value for value in known if _BASE64.fullmatch(value) and _is_canonical(value)]
    if not usable:
        trail.failed("format", *_base64_problem(known[0]))
    trail.passed("format", f"{_counted(len(usable), 'v1 signature')} of 32 bytes in base64")
    return usable


def _is_canonical(value: str) -> bool:
    # The last letter has two bits that stand for nothing: several letters decode to the same bytes.
    return value[-2] in "AEIMQUYcgkosw048"


def _base64_problem(value: str) -> tuple[str, str]:
    what = f"v1 of {STANDARD_SIGNATURE}"
    if _BASE64.fullmatch(value):
        hint = "it was altered in its last letter; some libraries overlook that, others refuse it"
        return f"{what} is not written as an encoder writes it", hint
    if _HEX.fullmatch(value.lower()):
        return f"{what} is hex, not base64", "write the digest in base64: b64encode(digest), not hexdigest"
    hint = "44 characters of base64, the last one =: look for what alters or cuts it on its way"
    return f"{what} is not the base64 of 32 bytes", hint


def _seconds(value: str, what: str, trail: Trail) -> int:
    if _MILLISECONDS.fullmatch(value):
        trail.failed("timestamp", f"{what} is in milliseconds", "seconds are signed: pass what was sent")
    if not _SECONDS.fullmatch(value):
        trail.failed(
            "timestamp",
            f"{what} is not a whole number of seconds since 1970",
            "it has digits only, such as 1700000000: pass what was sent, not a date made of it",
        )
    trail.passed("timestamp", f"{what} is a number of seconds")
    return int(value)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


NATIVE: Final = _hex_scheme("native", SIGNATURE)
STANDARD: Final = Scheme(
    "standard_webhooks", (STANDARD_SIGNATURE, STANDARD_ID, STANDARD_TIMESTAMP), _read_standard
)
STRIPE: Final = Scheme("stripe", (STRIPE_SIGNATURE,), _read_stripe, future_passes=True)
RAZORPAY: Final = _hex_scheme("razorpay", RAZORPAY_SIGNATURE)
SCHEMES: Final = (NATIVE, STANDARD, STRIPE, RAZORPAY)
