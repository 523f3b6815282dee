"""Tells the story: for people in the terminal, for programs as JSON lines. It judges nothing."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from kessai.adapters.clock import SystemClock
from kessai.cli.demo.stage import Exchange, Webhook
from kessai.cli.output import console, write_json

_TELLING: Final = (
    *("status", "id", "amount", "currency", "captured_amount", "refunded_amount"),
    *("error_code", "payment_status", "event", "url", "secret"),
)
"""The fields of an answer that the terminal shows; the whole is for --json."""


class StoryEndsError(Exception):
    """Something was not as expected, and what follows builds on it."""


@dataclass(slots=True)
class Step:
    """One scene: what was exchanged, and what was expected of it."""

    number: int
    title: str
    text: str
    happenings: list[Exchange | Webhook] = field(default_factory=list)
    expectations: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def all_held(self) -> bool:
        """Whether everything was as expected."""
        return all(held for _, held in self.expectations)


class Teller(ABC):
    """Is told of steps as they are played, and tells of them in its way."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._clock = SystemClock()
        self._began = self._clock.monotonic()

    @property
    def all_held(self) -> bool:
        """Whether everything so far was as expected."""
        return all(step.all_held for step in self.steps)

    @property
    def seconds(self) -> float:
        """How long the story has been going on."""
        return self._clock.monotonic() - self._began

    @contextmanager
    def step(self, title: str, text: str) -> Iterator[Step]:
        """Play one scene; what was not as expected ends the story after it."""
        step = Step(len(self.steps) + 1, title, text)
        self.steps.append(step)
        try:
            yield step
        finally:
            self.tell(step)
        if not step.all_held:
            raise StoryEndsError

    @abstractmethod
    def tell(self, step: Step) -> None:
        """Tell of a scene that has been played."""

    @abstractmethod
    def finish(self) -> None:
        """Sum up."""


class JsonTeller(Teller):
    """One line a step, and one at the end."""

    def tell(self, step: Step) -> None:
        """One scene, whole."""
        write_json(
            {
                "event": "step",
                "step": step.number,
                "title": step.title,
                "ok": step.all_held,
                "exchanges": [_exchange(each) for each in step.happenings if isinstance(each, Exchange)],
                "webhooks": [_webhook(each) for each in step.happenings if isinstance(each, Webhook)],
                "expectations": [{"claim": claim, "held": held} for claim, held in step.expectations],
            }
        )

    def finish(self) -> None:
        """The verdict."""
        facts = {"ok": self.all_held, "steps": len(self.steps), "seconds": round(self.seconds, 2)}
        write_json({"event": "finished", **facts})


class TerminalTeller(Teller):
    """Prose, what went to and fro, and ticks."""

    def __init__(self) -> None:
        super().__init__()
        self._out = console()
        is_plain = self._out.options.ascii_only
        self._sent, self._received, self._held, self._failed = (
            ("->", "<-", "ok", "NOT") if is_plain else ("→", "←", "✓", "✗")
        )

    def tell(self, step: Step) -> None:
        """One scene, with what matters of it."""
        self._out.print(f"\n{step.number}. {step.title}", style="bold")
        self._out.print(f"   {step.text}", style="dim")
        for happening in step.happenings:
            if isinstance(happening, Exchange):
                self._tell_exchange(happening)
            else:
                self._out.print(f"   {self._received} webhook  {_gist(happening.said)}", style="magenta")
        for claim, held in step.expectations:
            mark, style = (self._held, "green") if held else (self._failed, "bold red")
            self._out.print(f"   {mark} {claim}", style=style)

    def finish(self) -> None:
        """The verdict, and where to go from here."""
        count = sum(len(step.expectations) for step in self.steps)
        if self.all_held:
            self._out.print(f"\nAll {count} expectations held, in {self.seconds:.1f} s.", style="bold green")
            self._out.print("Everything the demo made is gone. To keep what happens: kessai serve\n")
        else:
            self._out.print("\nSomething was not as expected. Try kessai doctor.\n", style="bold red")

    def _tell_exchange(self, exchange: Exchange) -> None:
        key = exchange.headers.get("Idempotency-Key")
        extra = f"  Idempotency-Key: {key}" if key else ""
        body = f"  {exchange.body.decode()}" if exchange.body else ""
        self._out.print(f"   {self._sent} {exchange.method} {exchange.path}{extra}{body}", style="cyan")
        self._out.print(f"   {self._received} {exchange.status}  {_gist(exchange.said)}", style="magenta")


def _gist(said: Mapping[str, Any]) -> str:
    """The telling fields of an answer, of a webhook's payment, or of the only row of a list."""
    inner = said.get("payment") or (said.get("data") or [{}])[0]
    facts = {**inner, **{name: value for name, value in said.items() if name in _TELLING}}
    shown = {name: facts[name] for name in _TELLING if facts.get(name) not in {None, 0}}
    return json.dumps(shown, ensure_ascii=False)


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "sent": {
            "method": exchange.method,
            "path": exchange.path,
            "headers": dict(exchange.headers),
            "body": exchange.body.decode(),
        },
        "received": {
            "status": exchange.status,
            "headers": dict(exchange.answer_headers),
            "body": exchange.answer.decode(),
        },
    }


def _webhook(webhook: Webhook) -> dict[str, Any]:
    return {"headers": dict(webhook.headers), "body": webhook.body.decode()}
