"""What a bank can say to one request. `simulation` picks one, `Payment` follows it."""

from __future__ import annotations

from datetime import timedelta

from kessai.domain.values import value


@value(frozen=True, slots=True)
class Approved:
    """The amount is held, or taken at once if capture is automatic."""


@value(frozen=True, slots=True)
class Declined:
    """The issuer said no: `code` for programs, `message` for people."""

    code: str
    message: str


@value(frozen=True, slots=True)
class ActionRequired:
    """The payer has to prove who they are (3-D Secure) before the bank answers."""


@value(frozen=True, slots=True)
class Deferred:
    """The bank answers after `delay`."""

    delay: timedelta


Verdict = Approved | Declined
Outcome = Verdict | ActionRequired | Deferred
