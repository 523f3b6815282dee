"""Whether a message's signatures would verify, and if not, why: said step by step. Pure.

The steps go as a person would look: are the headers there, are they well formed, does the signature fit, and
only then, is the message young enough; the last one first would hide a wrong secret behind an old example.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kessai.dialects.native.received_headers import EVENT_ID, STANDARD_ID, Headers
from kessai.dialects.native.rewritings import Body
from kessai.dialects.native.signature_causes import Case, cause_of
from kessai.dialects.native.signature_schemes import (
    NATIVE,
    SCHEMES,
    STANDARD,
    Scheme,
    Signed,
    Step,
    StoppedError,
    Trail,
)
from kessai.services.verification import Evidence

TOLERANCE: Final = timedelta(seconds=300)
"""What Standard Webhooks' libraries and Stripe's allow a message to be old."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was received at `at`; one that is older than `tolerance` is refused."""

    body: bytes
    headers: Sequence[tuple[str, str]]
    at: datetime
    tolerance: timedelta = TOLERANCE


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one scheme's verifier would say: its steps, up to the first that fails."""

    scheme: str
    steps: tuple[Step, ...]

    @property
    def valid(self) -> bool:
        """Whether every step was as it should be."""
        return all(step.ok for step in self.steps)


def event_ids(headers: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """What a message says it tells of; its headers may have been altered, so there may be two."""
    told = Headers(headers)
    found = (told.first(name) for name in (STANDARD_ID, EVENT_ID))
    return tuple(dict.fromkeys(each for each in found if each))


def verify(message: Message, evidence: Evidence) -> tuple[Verdict, ...]:
    """A verdict for each scheme whose headers are there; without any, for the two that we send."""
    headers, body = Headers(message.headers), Body(message.body)
    there = [scheme for scheme in SCHEMES if any(headers.has(name) for name in scheme.headers)]
    trails = [(scheme, Trail()) for scheme in there or (NATIVE, STANDARD)]
    for scheme, trail in trails:
        with suppress(StoppedError):
            signed = scheme.read(headers, trail)
            _check_signature(Case(signed, body, headers, evidence), trail)
            _check_age(scheme, signed, message, trail)
    return tuple(Verdict(scheme.name, tuple(trail.steps)) for scheme, trail in trails)


def _check_signature(case: Case, trail: Trail) -> None:
    if case.fits(case.body.raw):
        trail.passed("signature", f"{case.signed.header} fits the body and the secret")
        return
    cause = cause_of(case)
    trail.failed("signature", cause.message, cause.hint)


def _check_age(scheme: Scheme, signed: Signed, message: Message, trail: Trail) -> None:
    if signed.sent_at is None:
        return
    age_s, tolerance_s = int(message.at.timestamp()) - signed.sent_at, int(message.tolerance.total_seconds())
    if age_s > tolerance_s:
        trail.failed(
            "age",
            f"sent {age_s} s before it was received, and {tolerance_s} s are allowed: too old",
            "give received_at if you ask about a message of earlier; else the receiver's clock is ahead, "
            "or somebody sends an old message again",
        )
    if age_s < -tolerance_s and not scheme.future_passes:
        trail.failed(
            "age",
            f"sent {-age_s} s after it was received, and {tolerance_s} s are allowed: from the future",
            "the receiver's clock is behind, or received_at is not when it came",
        )
    when = f"{age_s} s before" if age_s >= 0 else f"{-age_s} s after"
    trail.passed("age", f"sent {when} it was received")
