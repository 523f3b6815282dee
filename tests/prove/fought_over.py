"""One payment that many asked for at once: what they were told, and whether that can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.e2e.audit import kind_of
from tests.e2e.journal import Answer, Ask

AT_ONCE: Final = 64
_ONCE_ONLY: Final = ("capture", "cancel")
_REFUSALS: Final = ("INVALID_PAYMENT_STATE", "AMOUNT_TOO_LARGE")


@dataclass(frozen=True, slots=True)
class Sums:
    """What was captured and what given back, in minor units."""

    captured: int
    refunded: int

    def off(self, other: Sums) -> int:
        """By how many minor units the two differ."""
        return abs(self.captured - other.captured) + abs(self.refunded - other.refunded)


@dataclass(slots=True)
class Fight:
    """A payment and every final answer, by key: a key that was asked for twice has two."""

    payment_id: str
    amount: int
    is_captured_before: bool = False
    answers: dict[str, list[tuple[Ask, Answer]]] = field(default_factory=dict)

    @property
    def done(self) -> list[tuple[Ask, Answer]]:
        """What was acknowledged, once for each key."""
        firsts = ((each for each in answers if each[1].status < 300) for answers in self.answers.values())
        return [found for each in firsts if (found := next(each, None)) is not None]

    @property
    def refunds(self) -> list[int]:
        """The amounts of the refunds that were acknowledged."""
        return [answer.json["amount"] for ask, answer in self.done if not _is_once_only(ask)]

    @property
    def told(self) -> Sums:
        """What follows from what was acknowledged."""
        captured = [answer.json["captured_amount"] for ask, answer in self.done if _is_once_only(ask)]
        return Sums(sum(captured), sum(self.refunds))


def judged(fight: Fight, sources: Mapping[str, Sums]) -> Iterator[str]:
    """What is wrong, with the payment; `sources` are what others say of it."""
    told, where = fight.told, f"payment {fight.payment_id} of {fight.amount}"
    if not 0 <= told.refunded <= told.captured <= fight.amount:
        yield f"more went out than came in: {where}: {told}"
    finals = [kind_of(ask) for ask, _ in fight.done if _is_once_only(ask)]
    if len(finals) != 1:
        yield f"not one capture or cancel: {where}: {finals}"
    for name, sums in sources.items():
        if sums != told:
            yield f"minor units are off: {where}: told {told}, {name} {sums}"
    for key, answers in fight.answers.items():
        yield from _judged_key(fight, f"{where}, key {key}", answers)


def _judged_key(fight: Fight, where: str, answers: list[tuple[Ask, Answer]]) -> Iterator[str]:
    done = [answer for _, answer in answers if answer.status < 300]
    if len({answer.body for answer in done}) > 1 or sum(not each.is_replay for each in done) > 1:
        yield f"one key, two answers: {where}: {[answer.body for answer in done]}"
    for ask, answer in answers:
        if answer.status >= 300 and not _is_reasonable(fight, ask, answer):
            yield f"refused without a reason: {where}: {ask.body} {answer.body!r} after {fight.told}"


def _is_reasonable(fight: Fight, ask: Ask, answer: Answer) -> bool:
    """Whether this can have been refused: what was given back before can only have become more since."""
    code, told = answer.json["error"]["code"], fight.told
    if code not in _REFUSALS:
        return False
    if _is_once_only(ask):
        return bool(code == "INVALID_PAYMENT_STATE")
    if code == "AMOUNT_TOO_LARGE":
        return bool(told.refunded + ask.body.get("amount", 0) > told.captured)
    return not fight.is_captured_before or told.refunded == told.captured


def _is_once_only(ask: Ask) -> bool:
    return kind_of(ask) in _ONCE_ONLY
