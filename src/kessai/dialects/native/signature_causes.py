"""Why a well-formed signature does not fit: what else it fits tells what went wrong. Pure.

Everything here is a bounded search: the forms of a few secrets, the secrets of one merchant, and some
twenty ways to write a body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kessai.dialects.native import signing
from kessai.dialects.native.received_headers import (
    EVENT_ID,
    PREVIOUS_SIGNATURE,
    SIGNATURE,
    STANDARD_ID,
    STANDARD_SIGNATURE,
    STANDARD_TIMESTAMP,
    TIMESTAMP,
    Headers,
)
from kessai.dialects.native.rewritings import Body
from kessai.dialects.native.signature_schemes import Signed
from kessai.services.verification import Evidence

_LETTERS_ALTERED_MAX: Final = 4
"""Signatures that differ in no more letters are one signature, altered; by chance it never happens."""
_SHOWN: Final = 12
"""Bytes shown on either side of a difference."""
_RAW: Final = "verify the raw bytes of the request, before anything parses or decodes them"


@dataclass(frozen=True, slots=True)
class Cause:
    """What went wrong, and what to do about it."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Case:
    """A signature that fits none of the secrets it should."""

    signed: Signed
    body: Body
    headers: Headers
    evidence: Evidence

    def fits(self, body: bytes, head: bytes | None = None) -> bool:
        """Whether it fits another body, or another head, under a secret it should fit."""
        keys = (self.signed.key(secret) for secret in self.evidence.secrets)
        return any(self.signed.fits(key, body, head) for key in keys)


def cause_of(case: Case) -> Cause:
    """The first explanation that is found."""
    for explains in _EXPLANATIONS:
        cause = explains(case)
        if cause is not None:
            return cause
    return Cause(
        "the signature fits neither this secret nor any usual change of the body",
        f"compare the secret with what /api/v1/webhooks/endpoints/ID/secret shows, and {_RAW}",
    )


def _altered_signature(case: Case) -> Cause | None:
    signed = case.signed
    for secret in case.evidence.secrets:
        expected = signed.write(signed.key(secret), signed.head + case.body.raw)
        for given in signed.signatures:
            # Nothing is given away: who asks has the secret.
            altered = sum(a != b for a, b in zip(expected, given, strict=True))
            if altered <= _LETTERS_ALTERED_MAX:
                return Cause(
                    f"{signed.header} differs in {altered} of {len(given)} letters from the right signature: "
                    "it was altered after it was made",
                    "look for what handles headers between the sender and your code",
                )
    return None


def _other_form(case: Case) -> Cause | None:
    for secret in case.evidence.secrets:
        for key, which in _forms(secret):
            if case.signed.fits(key, case.body.raw):
                right = (
                    "the key is what the base64 after whsec_ decodes to, the text if it is none"
                    if case.signed.header == STANDARD_SIGNATURE
                    else "the key is the whole secret as text, whsec_ included"
                )
                return Cause(f"the signature was made with {which}", f"for {case.signed.header}, {right}")
    return None


def _forms(secret: str) -> Iterator[tuple[bytes, str]]:
    trimmed = secret.strip()
    texts = (
        (secret, ""),
        (trimmed, ", without the white space around it"),
        (trimmed.strip("\"'"), ", without the quotes around it"),
    )
    for text, how in texts:
        bare = text.removeprefix(signing.SECRET_PREFIX)
        yield signing.text_key(text), f"the whole secret as text{how}"
        if (decoded := signing.decoded(bare)) is not None:
            yield decoded, f"what the secret's base64 decodes to{how}"
        yield signing.text_key(bare), f"the text after {signing.SECRET_PREFIX}{how}"


def _older_secret(case: Case) -> Cause | None:
    older = case.headers.first(PREVIOUS_SIGNATURE)
    if case.signed.header != SIGNATURE or older is None or not older.isascii():
        return None
    given = Signed(PREVIOUS_SIGNATURE, (older,), b"", signing.text_key, signing.hex_signature)
    if not any(given.fits(given.key(secret), case.body.raw) for secret in case.evidence.secrets):
        return None
    return Cause(
        f"the endpoint's secret was rotated, and yours is the one before: {PREVIOUS_SIGNATURE} fits it",
        "take the new secret, or check that header too while the grace period lasts",
    )


def _another_secret(case: Case) -> Cause | None:
    for other in case.evidence.others:
        if case.signed.fits(case.signed.key(other.secret), case.body.raw):
            return Cause(
                f"the signature was made with {other.whose}",
                "verify with the secret of the endpoint that the message was sent to, as it is now",
            )
    return None


def _altered_head(case: Case) -> Cause | None:
    if case.signed.header != STANDARD_SIGNATURE:
        return None
    given = {name: case.headers.first(name) or "" for name in (STANDARD_ID, STANDARD_TIMESTAMP)}
    for name, twin in ((STANDARD_ID, EVENT_ID), (STANDARD_TIMESTAMP, TIMESTAMP)):
        told = {**given, name: case.headers.first(twin) or ""}
        if told != given and case.fits(case.body.raw, signing.standard_head(*told.values())):
            return Cause(
                f"{name} was altered: the signature fits what {twin} says",
                "look for what handles headers between the sender and your code",
            )
    return None


def _rewritten_body(case: Case) -> Cause | None:
    for body, how in case.body.rewritings:
        if case.fits(body):
            where = _difference(body, case.body.raw)
            return Cause(f"the body was {how} after it was signed: {where}", _RAW)
    return None


def _another_body(case: Case) -> Cause | None:
    sent = case.evidence.sent
    if sent is None:
        return None
    if sent == case.body.raw:
        return Cause(
            "the body is what was sent for this event, byte for byte, so the secret is another one",
            "take the secret of the endpoint that the message was sent to",
        )
    besides = "" if case.fits(sent) else "; the secret is another one besides"
    return Cause(
        f"the body is not what was sent for this event: {_difference(sent, case.body.raw)}{besides}", _RAW
    )


def _difference(sent: bytes, received: bytes) -> str:
    pairs = enumerate(zip(sent, received, strict=False))
    at = next((place for place, (a, b) in pairs if a != b), min(len(sent), len(received)))
    return (
        f"they differ first at byte {at + 1}, {_excerpt(sent, at)} was sent and {_excerpt(received, at)} "
        f"was received ({len(sent)} and {len(received)} bytes in all)"
    )


def _excerpt(body: bytes, at: int) -> str:
    if at >= len(body):
        return "nothing more"
    shown = body[max(0, at - _SHOWN) : at + _SHOWN]
    return ascii(shown.decode("utf-8", "backslashreplace"))


_EXPLANATIONS: Final[Sequence[Callable[[Case], Cause | None]]] = (
    _altered_signature,
    _other_form,
    _older_secret,
    _another_secret,
    _altered_head,
    _rewritten_body,
    _another_body,
)
