"""What a bank can say to one request. `simulation` picks one, `Payment` follows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Approved:
    """The amount is held, or taken at once if capture is automatic."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The issuer said no: `code` for programs, `message` for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ActionRequired:
    """The payer has to prove who they are (3-D Secure) before the bank answers."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """The bank answers after `delay`."""

    delay: timedelta


Verdict = Approved | Declined
Outcome = Verdict | ActionRequired | Deferred
