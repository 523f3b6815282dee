"""Events, deliveries and payments as people read them: one line each, whatever is in them."""

from __future__ import annotations

from kessai.cli.output import plain
from kessai.cli.remote.api import Answer
from kessai.domain.money import Money

_TYPE_WIDTH = 23
"""The longest name of an event, so that what follows stands in one column."""
_SUBJECTS = (
    *("payment", "refund", "customer", "instrument", "intent", "setup"),
    *("dispute", "payout", "endpoint"),
)


def moment_text(moment: str | None) -> str:
    """A moment of the API in whole seconds, with a space: `2026-01-31 12:00:00Z`."""
    if not moment:
        return ""
    day, _, rest = moment.partition("T")
    return plain(f"{day} {rest[:8]}Z")


def event_line(event: Answer) -> str:
    """When, what, which, and about whom; `event` is one of the API's."""
    body = event.get("body")
    about = f"{subject(_ids(event))}  (body pruned)" if body is None else subject(body)
    name = named(event.get("event"))
    return f"{moment_text(event.get('created_at'))}  {name}  {plain(event.get('id'))}  {about}"


def named(event_type: object) -> str:
    """The name of an event, as wide as the others."""
    return plain(event_type).ljust(_TYPE_WIDTH)


def subject(body: Answer) -> str:
    """Whom a webhook's body tells of, its payment or intent for example, and how it stands."""
    found = [_kept(name, body.get(name)) for name in _SUBJECTS]
    told = "  ".join(filter(None, found))
    reason = body.get("reason")
    return f"{told}  ({plain(reason)})" if isinstance(reason, str) else told


def amount_text(of: Answer) -> str:
    """The amount of a payment or refund in major units."""
    return str(Money(of["amount"], of["currency"]))


def _ids(event: Answer) -> Answer:
    """Whom an event is about, as a body would name them, without how they stand."""
    found = {name: event.get(f"{name}_id") for name in _SUBJECTS}
    if document_id := event.get("document_id"):
        # Only the event's name says what it is.
        found[str(event.get("event")).partition(".")[0]] = document_id
    return {name: {"id": subject_id} for name, subject_id in found.items() if subject_id}


def _kept(name: str, value: object) -> str:
    if not isinstance(value, dict):
        return ""
    standing = value.get("status") or value.get("url") or ""
    return plain(f"{name} {value.get('id')} {standing}").rstrip()
