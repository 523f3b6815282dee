"""One event on paper: what it says, where it went, and what came of each attempt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from kessai.cli.output import console, plain, write_table
from kessai.cli.remote.api import Answer
from kessai.cli.remote.telling import moment_text

_ANSWER_SHOWN_MAX: Final = 200
"""Characters of an endpoint's answer; the whole is in --json."""


def show_event(event: Answer, addresses: Mapping[str, str]) -> None:
    """An event with its deliveries; `addresses` are the URLs of endpoints that are still there."""
    out = console()
    out.print(f"{plain(event['event'])}  {plain(event['id'])}  {moment_text(event['created_at'])}")
    out.print("")
    if event["body"] is None:
        out.print(f"Its body was pruned at {moment_text(event['pruned_at'])}.")
    else:
        out.print(json.dumps(event["body"], indent=2, ensure_ascii=True))
    if not event["deliveries"]:
        out.print("\nNo endpoint was there to hear it.")
    for delivery in event["deliveries"]:
        _show_delivery(delivery, addresses)


def _show_delivery(delivery: Answer, addresses: Mapping[str, str]) -> None:
    endpoint_id = str(delivery["endpoint_id"])
    address = addresses.get(endpoint_id, f"{plain(endpoint_id)} (deleted)")
    due = delivery["next_attempt_at"]
    again = f", again at {moment_text(due)}" if due else ""
    console().print(f"\nTo {address}: {plain(delivery['status'])}{again}")
    attempts = delivery["attempts"]
    if attempts:
        titles = ("attempt", "when", "status", "ms", "what came back")
        write_table(titles, [_row(each) for each in attempts], folding=4)


def _row(attempt: Answer) -> tuple[object, ...]:
    said = ": ".join(filter(None, (attempt["error"], attempt["answer"])))
    return (
        attempt["number"],
        moment_text(attempt["started_at"]),
        attempt["status_code"] or "none",
        attempt["latency_ms"],
        plain(said[:_ANSWER_SHOWN_MAX]),
    )
