"""The walk through all of the Stripe API, taken once for what it leaves: requests that are taken, and ids."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.test_walk import PARTS, Walk

_ID: Final = re.compile(r"(?P<prefix>[a-z]+(?:_test)?)_(?=[A-Za-z]*[0-9])[A-Za-z0-9]{14,24}")
"""With a digit: names of test cards have none."""
_SECRET: Final = re.compile(r"(?:pi|seti)_[A-Za-z0-9]{14,24}_secret_[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that was taken. `ids` are those of its path, in order."""

    method: str
    template: str
    ids: tuple[str, ...]
    parameters: Mapping[str, Any]

    @property
    def path(self) -> str:
        """Where it went, below /v1."""
        return self.at(self.ids)

    def at(self, ids: tuple[str, ...]) -> str:
        """The same path with other ids."""
        left = iter(ids)
        return "/".join(next(left) if part.startswith("{") else part for part in self.template.split("/"))


@dataclass(slots=True)
class Left:
    """What a walk left: requests by method and template, ids by their prefix, the latest last."""

    asked: dict[tuple[str, str], list[Asked]] = field(default_factory=lambda: defaultdict(list))
    ids: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    secrets: list[str] = field(default_factory=list)

    def learn(self, answer: Any) -> None:
        """Take the ids out of an answer."""
        for text in _texts(answer):
            found = _ID.fullmatch(text)
            if found and found["prefix"] != "req" and text not in self.ids[found["prefix"]]:
                self.ids[found["prefix"]].append(text)
            elif _SECRET.fullmatch(text) and text not in self.secrets:
                self.secrets.append(text)


class LeavingWalk(Walk):
    """Remembers what it asked and what came back."""

    def __init__(self, stripe: Stripe) -> None:
        super().__init__(stripe)
        self.left = Left()

    async def __call__(self, operation: str, *ids: str, status: int = 200, **parameters: Any) -> Any:
        method, template = operation.split(" ")
        asked = Asked(method, f"/v1{template}", ids, parameters)
        await self.before(asked)
        answer = await super().__call__(operation, *ids, status=status, **parameters)
        self.left.asked[method, asked.template].append(asked)
        self.left.learn(answer)
        return answer

    async def before(self, asked: Asked) -> None:
        """What happens before a request; nothing here."""


class Hands(Protocol):
    """On a gateway's clock."""

    async def tick(self, after: timedelta = timedelta(0)) -> int:
        """Let time pass."""
        ...


class _Timeless:
    """A gateway whose clock nobody moves."""

    async def tick(self, after: timedelta = timedelta(0)) -> int:
        return 0


# Any: all that a part asks of its gateway is to let time pass.
_PARTS: Final[Sequence[Callable[[Walk, Any], Awaitable[None]]]] = PARTS


async def walk_through(walk: LeavingWalk, hands: Hands | None = None) -> Left:
    """Take the walk. Without hands nothing can be waited for: what needs that is left out."""
    for part in _PARTS:
        if hands is not None:
            await part(walk, hands)
        else:
            with suppress(AssertionError, ValueError):
                await part(walk, _Timeless())
    return walk.left


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(each)
