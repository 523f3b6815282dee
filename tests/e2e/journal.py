"""What customers know: each request and what became of it, in memory and in a log that is only appended to.

The log is a file of JSON lines, outside of whatever is killed. `tests.prove.auditor` audits by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TextIO


@dataclass(frozen=True, slots=True)
class Ask:
    """One POST, the same however often it is sent."""

    key: str
    path: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, byte for byte, and how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def puts_off(self) -> bool:
        """Whether the same is to be asked again: the server cannot now, or is still at it."""
        is_in_use = self.status == 409 and self.json["error"]["code"] == "IDEMPOTENCY_KEY_IN_USE"
        return self.status in (503, 507) or is_in_use

    @property
    def is_replay(self) -> bool:
        """Whether the server says that this is an earlier request's answer."""
        return self.headers.get("Idempotent-Replayed") == "true"


@dataclass(slots=True)
class Journal:
    """What the customers know. `missed` are the moments, by the loop's clock, at which those began whose
    answer never came.

    A request is acknowledged, or refused (503, 507, a key in use) and asked again, or unanswered: then it may
    or may not have been done, until it is asked again and answered.
    """

    asked: dict[str, Ask] = field(default_factory=dict)
    acknowledged: dict[str, Answer] = field(default_factory=dict)
    refused: list[tuple[Ask, Answer]] = field(default_factory=list)
    missed: list[float] = field(default_factory=list)
    not_connected: int = 0
    log: TextIO | None = None
    _payments: int = 0

    @classmethod
    def logged_to(cls, path: Path) -> Self:
        """One that writes down all it is told, line by line; to be closed."""
        return cls(log=path.open("a", encoding="utf-8", buffering=1))

    @classmethod
    def read(cls, path: Path) -> Self:
        """What a log says."""
        journal = cls()
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                journal._replay(json.loads(line))
        return journal

    def close(self) -> None:
        """Let the log go."""
        if self.log is not None:
            self.log.close()

    def ask(self, ask: Ask) -> None:
        """A request is about to be sent for the first time."""
        self.asked[ask.key] = ask
        self._write(ask, "asked", path=ask.path, body=ask.body)

    def acknowledge(self, ask: Ask, answer: Answer) -> None:
        """It was answered for good."""
        self.acknowledged[ask.key] = answer
        self._payments += ask.path == "/payments" and answer.status < 300
        self._write(ask, "acknowledged", status=answer.status, answer=answer.body.decode())

    def refuse(self, ask: Ask, answer: Answer) -> None:
        """It was put off, and is to be asked again."""
        self.refused.append((ask, answer))
        self._write(ask, "refused", status=answer.status, answer=answer.body.decode())

    def miss(self, ask: Ask, began: float = 0.0) -> None:
        """It was sent, and nobody answered."""
        self.missed.append(began)
        self._write(ask, "unanswered")

    @property
    def effects(self) -> Iterator[tuple[Ask, Answer]]:
        """Every request that was acknowledged as having changed something."""
        return ((self.asked[key], answer) for key, answer in self.acknowledged.items() if answer.status < 300)

    @property
    def payments(self) -> int:
        """How many payments were acknowledged."""
        return self._payments

    @property
    def unknown(self) -> Iterator[Ask]:
        """Every request of which nobody can tell whether it was done."""
        return (ask for key, ask in self.asked.items() if key not in self.acknowledged)

    def _write(self, ask: Ask, became: str, **facts: Any) -> None:
        if self.log is not None:
            self.log.write(json.dumps({"key": ask.key, "became": became, **facts}) + "\n")

    def _replay(self, line: Mapping[str, Any]) -> None:
        if line["became"] == "asked":
            self.ask(Ask(line["key"], line["path"], line["body"]))
            return
        ask = self.asked[line["key"]]
        answer = Answer(line.get("status", 0), {}, line.get("answer", "").encode(), 0)
        match line["became"]:
            case "acknowledged":
                self.acknowledge(ask, answer)
            case "refused":
                self.refuse(ask, answer)
            case _:
                self.miss(ask)
