"""Events, deliveries and payments as people read them: one line each, whatever is in them."""

from __future__ import annotations

from kessai.cli.output import plain
from kessai.cli.remote.api import Answer
from kessai.domain.money import Money

_TYPE_WIDTH = 23
"""The longest name of an event, so that what follows stands in one column."""


def moment_text(moment: str | None) -> str:
    """A moment of the API in whole seconds, with a space: `2026-01-31 12:00:00Z`."""
    if not moment:
        return ""
    day, _, rest = moment.partition("T")
    return plain(f"{day} {rest[:8]}Z")


def event_line(event: Answer) -> str:
    """When, what, which, and about whom; `event` is one of the API's."""
    body = event.get("body")
    about = plain(f"payment {event.get('payment_id')} (body pruned)") if body is None else subject(body)
    name = named(event.get("event"))
    return f"{moment_text(event.get('created_at'))}  {name}  {plain(event.get('id'))}  {about}"


def named(event_type: object) -> str:
    """The name of an event, as wide as the others."""
    return plain(event_type).ljust(_TYPE_WIDTH)


def subject(body: Answer) -> str:
    """Whom a webhook's body tells of: its payment, refund or endpoint, and how it stands."""
    found = [_kept(name, body.get(name)) for name in ("payment", "refund", "endpoint")]
    told = "  ".join(filter(None, found))
    reason = body.get("reason")
    return f"{told}  ({plain(reason)})" if isinstance(reason, str) else told


def amount_text(of: Answer) -> str:
    """The amount of a payment or refund in major units."""
    return str(Money(of["amount"], of["currency"]))


def _kept(name: str, value: object) -> str:
    if not isinstance(value, dict):
        return ""
    standing = value.get("status") or value.get("url") or ""
    return plain(f"{name} {value.get('id')} {standing}").rstrip()
