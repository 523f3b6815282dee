"""What a race for one idempotency key has to come to: one who asked has won, and whoever asked for the same
is told so, byte for byte; everybody else is refused."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.e2e.journal import Answer, Ask

_KEPT = ("amount", "reference", "description")
"""What is asked of a payment, and shown in its answer."""
_REFUSALS = {"/payments": ("IDEMPOTENCY_KEY_REUSED",), "/refunds": ("IDEMPOTENCY_KEY_REUSED", "NOT_FOUND")}
"""By path; whoever asks for the refund of an unknown payment may also have come first."""


@dataclass(slots=True)
class Race:
    """One key: all that was asked with it, and how each was answered."""

    key: str
    told: list[tuple[Ask, Answer]] = field(default_factory=list)

    @property
    def won(self) -> list[tuple[Ask, Answer]]:
        """Whoever was told of a payment."""
        return [(ask, answer) for ask, answer in self.told if answer.status == 201]

    @property
    def codes(self) -> Counter[str]:
        """How often what was answered."""
        return Counter(code_of(answer) for _, answer in self.told)

    def judged(self, others: tuple[Ask, Answer]) -> Iterator[str]:
        """All that is wrong; `others` is what another merchant asked with the same key."""
        won = self.won
        answers = {answer.body for _, answer in won}
        firsts = sum(not answer.is_replay for _, answer in won)
        if len(answers) != 1 or firsts > 1:
            yield f"one key, one answer: {self.key} had {len(answers)}, {firsts} new ones"
        for ask, answer in won:
            if not _is_as_asked(ask, answer):
                yield f"another's answer: {ask.path} {ask.body} with {self.key} is told {answer.body!r}"
        bodies = [ask.body for ask, _ in won]
        for ask, answer in self.told:
            if answer.status != 201 and (
                code_of(answer) not in _REFUSALS[ask.path] or (ask.path == "/payments" and ask.body in bodies)
            ):
                yield f"an unexpected answer: {self.key} {ask.path} {code_of(answer)}"
        if others[1].status != 201 or others[1].body in answers or not _is_as_asked(*others):
            yield f"another merchant's key: {self.key} {others[1].status}"


def code_of(answer: Answer) -> str:
    """201, or the code of a refusal."""
    return "201" if answer.status == 201 else str(answer.json["error"]["code"])


def _is_as_asked(ask: Ask, answer: Answer) -> bool:
    """Whether it tells of the payment that was asked for, and not of something else."""
    said = answer.json
    return ask.path == "/payments" and all(said.get(name) == ask.body.get(name) for name in _KEPT)


def effects_judged(
    rows: Iterable[tuple[str, str, int]], merchants: int, wanted: Mapping[str, int]
) -> Iterator[str]:
    """Whether each key of each merchant had so many effects as are `wanted`, key by key.

    Rows are merchant, the key that payments carry as their reference, and how many they are.
    """
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for merchant_id, key, count in rows:
        found[merchant_id][key] = count
    if len(found) != merchants:
        yield f"one key, one effect: {len(found)} of {merchants} merchants have payments"
    for merchant_id, effects in found.items():
        for key in effects.keys() | wanted.keys():
            if (had := effects[key]) != (should := wanted.get(key, 0)):
                yield f"one key, one effect: {key} of {merchant_id} had {had} of {should}"
