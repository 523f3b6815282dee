"""What a check-up is made of: findings with advice. What is looked at is in the modules beside."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was seen, and what to do about it if it is not as it should be.

    `is_outage`: the database cannot be reached, which scripts are told by an exit code of its own.
    """

    name: str
    verdict: Verdict
    detail: str
    advice: str | None = None
    is_outage: bool = False

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        facts = asdict(self)
        del facts["is_outage"]
        return facts


def ok(name: str, detail: str) -> Finding:
    """As it should be."""
    return Finding(name, "ok", detail)


def warn(name: str, detail: str, advice: str) -> Finding:
    """It works, but not as well as it might, or not for long."""
    return Finding(name, "warn", detail, advice)


def fail(name: str, detail: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(name, "fail", detail, advice)


def outage(name: str, detail: str, advice: str) -> Finding:
    """The database cannot be reached."""
    return Finding(name, "fail", detail, advice, is_outage=True)
