"""What `kessai listen` says while it listens: lines for people, or lines of JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final

from kessai.cli.output import hush, plain, say, write_json
from kessai.cli.remote.api import Answer
from kessai.cli.remote.telling import moment_text, named, subject
from kessai.services.ports import Clock, WebhookResult

_GIVEN_UP: Final = "the server did not wait for the answer"


class Teller(ABC):
    """Is told what happens. `on_deaf` is called once nobody reads what is said any more."""

    def __init__(self, clock: Clock, on_deaf: Callable[[], None]) -> None:
        self._clock = clock
        self._on_deaf = on_deaf

    @abstractmethod
    def listening(self, endpoint: Answer, target: str | None, base_url: str) -> None:
        """The endpoint is registered; `endpoint` has its secret."""

    @abstractmethod
    def arrived(self, event_type: str, event_id: str, body: Answer) -> None:
        """A webhook has come."""

    @abstractmethod
    def answered(self, event_id: str, target: str, result: WebhookResult) -> None:
        """The target has answered, or why it has not."""

    def given_up(self, event_id: str, target: str) -> None:
        """Whoever sent the webhook hung up before the target answered."""
        self.answered(event_id, target, WebhookResult(None, 0, error=_GIVEN_UP))

    @abstractmethod
    def noticed(self, what: str, words: str) -> None:
        """Something happened to the server or to the endpoint."""

    def secret_alone(self, secret: str) -> None:
        """Nothing but the signing secret."""
        self._speak(lambda: say(secret))

    def _speak(self, words: Callable[[], None]) -> None:
        try:
            words()
        except OSError:
            hush()
            self._on_deaf()

    def _now(self) -> str:
        return self._clock.now().isoformat().replace("+00:00", "Z")


class PlainTeller(Teller):
    """Lines for people: `-->` for what comes, `<--` for what is answered."""

    def listening(self, endpoint: Answer, target: str | None, base_url: str) -> None:
        """Where it goes, and what signs it."""
        events = ", ".join(endpoint["events"]).replace("*", "all events")
        rows = (
            ("Events", f"{events} of {base_url}"),
            ("Endpoint", f"{endpoint['id']} (temporary)"),
            ("Forwarded", target or "nowhere, they are only shown: --forward-to URL"),
            ("Secret", endpoint["secret"]),
        )
        self._line("Listening. Ctrl-C ends it and removes the endpoint.", bold=True)
        for name, value in rows:
            self._line(f"  {name.ljust(10)}{value}")

    def arrived(self, event_type: str, event_id: str, body: Answer) -> None:
        """When, what, which, and about whom."""
        told = f"{named(event_type)}  {plain(event_id)}  {subject(body)}".rstrip()
        self._line(f"{moment_text(self._now())}  --> {told}")

    def answered(self, event_id: str, target: str, result: WebhookResult) -> None:
        """The status, or the reason in its place, and how long it took."""
        status = "---" if result.status_code is None else result.status_code
        problem = f"  {plain(result.error)}" if result.error else ""
        self._line(
            f"{moment_text(self._now())}  <-- [{status}] POST {target}  {result.latency_ms} ms"
            f"  {plain(event_id)}{problem}",
            fg="green" if result.succeeded and not result.error else "red",
        )

    def noticed(self, what: str, words: str) -> None:
        """A sentence."""
        del what
        self._line(words, fg="yellow")

    def _line(self, line: str, **style: Any) -> None:
        self._speak(lambda: say(line, **style))


class JsonTeller(Teller):
    """Lines for programs; `event` says of what kind each is."""

    def listening(self, endpoint: Answer, target: str | None, base_url: str) -> None:
        """The endpoint, and where it leads."""
        self._line("listening", url=base_url, endpoint=endpoint, forward_to=target)

    def arrived(self, event_type: str, event_id: str, body: Answer) -> None:
        """The webhook's body, whole."""
        self._line("arrived", at=self._now(), event_id=event_id, type=event_type, body=body)

    def answered(self, event_id: str, target: str, result: WebhookResult) -> None:
        """Status, time and error as the target gave them."""
        self._line(
            "answered",
            at=self._now(),
            event_id=event_id,
            forward_to=target,
            status_code=result.status_code,
            latency_ms=result.latency_ms,
            error=result.error,
        )

    def noticed(self, what: str, words: str) -> None:
        """Its kind and a sentence."""
        self._line(what, at=self._now(), message=words)

    def _line(self, event: str, **facts: object) -> None:
        self._speak(lambda: write_json({"event": event, **facts}))
