"""The auditor: what customers were told, what the API says and what the rows say must be one story.

Everything it believes about payments stands here once more, and is taken from no room of kessai.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from tests.e2e.books import Books, Row
from tests.e2e.journal import Answer, Ask, Journal


class Wrong(StrEnum):
    """What may be wrong."""

    DAMAGE = "the database is damaged"
    SCHEMA = "the schema keeps keys unique no more"
    REFUSED = "refused for good, and done all the same"
    DELIVERIES = "deliveries do not match events"
    LOST = "acknowledged, and not there"
    KEY = "acknowledged, and its key is not there as it was answered"
    REPLAY = "the key does not give the same bytes again"
    DOUBLED = "done more than once"
    UNASKED = "there, and nobody asked for it"
    MONEY = "amounts do not add up"
    TRANSITIONS = "transitions are no way along the diagram"
    EVENTS = "events do not match transitions"
    STORY = "the API tells another story"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where."""

    wrong: Wrong
    where: str


# (action, from, to); None is before the payment was there
_ARROWS: Final = frozenset(
    {
        ("create", None, "CREATED"),
        ("authorize", "CREATED", "AUTHORIZED"),
        ("decline", "CREATED", "FAILED"),
        ("increment", "AUTHORIZED", "AUTHORIZED"),
        ("decline_increment", "AUTHORIZED", "AUTHORIZED"),
        ("challenge", "CREATED", "REQUIRES_ACTION"),
        ("capture", "AUTHORIZED", "CAPTURED"),
        ("cancel", "AUTHORIZED", "VOIDED"),
        ("refund_part", "CAPTURED", "CAPTURED"),
        ("refund", "CAPTURED", "REFUNDED"),
    }
)
_TOLD_AT_REST: Final = {
    "AUTHORIZED": "payment.authorized",
    "CAPTURED": "payment.succeeded",
    "FAILED": "payment.failed",
    "REQUIRES_ACTION": "payment.requires_action",
}
_TOLD_LATER: Final = {
    "increment": "payment.incremented",
    "capture": "payment.succeeded",
    "cancel": "payment.canceled",
    "refund_part": "payment.refunded",
    "refund": "payment.refunded",
}

_UNTOLD: Final = frozenset({"decline_increment"})
"""What leaves everything as it was is told of by the answer and the timeline alone."""

Step = tuple[str, str | None, str, str, int | None]
"""A transition as it is kept: action, from, to, moment, amount."""


def audit_rows(books: Books, journal: Journal) -> list[Finding]:
    """Compare what was acknowledged with what is in the tables, and the tables with each other."""
    told = (_audit_keys(books, journal), _audit_effects(books, journal), _audit_amounts(books, journal))
    return [*audit_books(books), *(finding for findings in told for finding in findings)]


def audit_books(books: Books) -> list[Finding]:
    """Compare the tables with each other, whatever customers were told."""
    findings = [Finding(Wrong.DAMAGE, each) for each in books.damage]
    if not books.has_unique_keys:
        findings.append(Finding(Wrong.SCHEMA, "idempotency_keys"))
    findings += _audit_deliveries(books)
    refunds = _grouped(books.refunds, "payment_id")
    events = _grouped(books.events, "payment_id")
    for payment in books.payments:
        findings += _audit_payment(payment, refunds[payment["id"]], events[payment["id"]])
    return findings


def expected_events(steps: list[Step], capture_method: str) -> Counter[str]:
    """The events that these transitions must have, whatever their order.

    A creation passes through several states at one moment and tells of it and of where it came to rest.
    """
    at_birth = {"create", "authorize", "decline", "challenge"}
    at_birth |= {"capture"} if capture_method == "automatic" else set()
    born = [step for step in steps if step[0] in at_birth]
    rest = born[-1][2] if born else "nowhere"
    told = ["payment.created", *([_TOLD_AT_REST[rest]] if rest in _TOLD_AT_REST else [])]
    later = [step[0] for step in steps[len(born) :] if step[0] not in _UNTOLD]
    return Counter([*told, *(_TOLD_LATER.get(action, action) for action in later)])


def _audit_keys(books: Books, journal: Journal) -> Iterator[Finding]:
    kept = _grouped(books.keys, "key")
    for key, rows in kept.items():
        if len(rows) > 1:
            yield Finding(Wrong.DOUBLED, f"key {key}")
        if key not in journal.asked:
            yield Finding(Wrong.UNASKED, f"key {key}")
    effects = {row["id"] for row in (*books.payments, *books.refunds)}
    for row in books.keys:
        if row["key"] in journal.asked and json.loads(row["body"])["id"] not in effects:
            yield Finding(Wrong.LOST, f"what key {row['key']} was answered")
    for ask, answer in journal.effects:
        if not any(_is_as_answered(row, answer) for row in kept[ask.key]):
            yield Finding(Wrong.KEY, f"{ask.path} {ask.key}")


def _is_as_answered(row: Row, answer: Answer) -> bool:
    return bool(row["status"] == answer.status and bytes(row["body"]) == answer.body)


def _audit_effects(books: Books, journal: Journal) -> Iterator[Finding]:
    """Every acknowledged effect is there once. Payments and refunds carry the key they were made with."""
    made = {"/payments": _grouped(books.payments, "reference"), "refund": _grouped(books.refunds, "reason")}
    for rows in made.values():
        for key, same in rows.items():
            if key not in journal.asked:
                yield Finding(Wrong.UNASKED, f"made by {key}")
            if len(same) > 1:
                yield Finding(Wrong.DOUBLED, f"made by {key}")
    steps = {row["id"]: row["transitions"] for row in books.payments}
    for ask, answer in journal.effects:
        kind = kind_of(ask)
        if kind in made:
            found = [row["id"] for row in made[kind][ask.key]]
            is_there = answer.json["id"] in found
        else:
            is_there = any(step[0] == kind for step in steps.get(answer.json["id"], ()))
        if not is_there:
            yield Finding(Wrong.LOST, f"{ask.path} {ask.key}")
    for key, answer in journal.acknowledged.items():
        if answer.status >= 300 and any(key in rows for rows in made.values()):
            yield Finding(Wrong.REFUSED, f"{journal.asked[key].path} {key}: {answer.status}")


def _audit_deliveries(books: Books) -> Iterator[Finding]:
    """Every event that was fanned out has one delivery for each endpoint that was there and hears all."""
    there = Counter((row["event_id"], row["endpoint_id"]) for row in books.deliveries)
    listeners = _grouped((row for row in books.endpoints if _hears_all(row)), "merchant_id")
    for event in books.events:
        at = event["fanned_out_at"]
        for endpoint in listeners[event["merchant_id"]]:
            if at is None or moment(at) < moment(endpoint["created_at"]):
                continue
            if (count := there[event["id"], endpoint["id"]]) != 1:
                yield Finding(Wrong.DELIVERIES, f"event {event['id']}: {count} for {endpoint['id']}")


def _hears_all(endpoint: Row) -> bool:
    return endpoint["events"] == ["*"] and bool(endpoint["is_enabled"]) and endpoint["deleted_at"] is None


def _audit_amounts(books: Books, journal: Journal) -> Iterator[Finding]:
    """Every payment is of as much as was asked for, and what its hold was raised by."""
    for payment in books.payments:
        ask = journal.asked.get(payment["reference"])
        steps: list[Step] = [tuple(step) for step in payment["transitions"]]
        if ask is not None and payment["amount"] != ask.body["amount"] + moved(steps, "increment"):
            yield Finding(Wrong.MONEY, f"payment {payment['id']}: {payment['amount']} for {ask.body}")


def kind_of(ask: Ask) -> str:
    """`/payments`, or what is asked for with a payment; a refund has two doors."""
    return ask.path if ask.path == "/payments" else ask.path.rpartition("/")[2].replace("refunds", "refund")


def _audit_payment(payment: Row, refunds: list[Row], events: list[Row]) -> Iterator[Finding]:
    where = f"payment {payment['id']}"
    steps: list[Step] = [tuple(step) for step in payment["transitions"]]
    captured, refunded = payment["captured_amount"], payment["refunded_amount"]
    if not 0 <= refunded <= captured <= payment["amount"]:
        yield Finding(Wrong.MONEY, f"{where}: {refunded} of {captured} of {payment['amount']}")
    if captured != moved(steps, "capture"):
        yield Finding(Wrong.MONEY, f"{where}: captured {captured}, moved {moved(steps, 'capture')}")
    given = sum(refund["amount"] for refund in refunds if refund["status"] == "PROCESSED")
    if not refunded == given == moved(steps, "refund", "refund_part"):
        yield Finding(Wrong.MONEY, f"{where}: refunded {refunded}, refunds of {given}")
    if not is_a_way(steps) or steps[-1][2] != payment["status"]:
        yield Finding(Wrong.TRANSITIONS, f"{where}: {steps}")
    yield from _audit_events(payment, steps, refunds, events)


def moved(steps: list[Step], *actions: str) -> int:
    return sum(step[4] or 0 for step in steps if step[0] in actions)


def is_a_way(steps: list[Step]) -> bool:
    # As moments: one on the full second is written without a fraction, and sorts behind those after it.
    moments = [moment(step[3]) for step in steps]
    joined = moments == sorted(moments) and all(before[2] == after[1] for before, after in pairwise(steps))
    return bool(steps) and joined and all(step[:3] in _ARROWS for step in steps)


def _audit_events(
    payment: Row, steps: list[Step], refunds: list[Row], events: list[Row]
) -> Iterator[Finding]:
    where = f"payment {payment['id']}"
    told = Counter(event["type"] for event in events)
    if told != expected_events(steps, payment["capture_method"]):
        yield Finding(Wrong.EVENTS, f"{where}: {dict(told)} for {[step[0] for step in steps]}")
    if {refund["id"] for refund in refunds} != {event["refund_id"] for event in events} - {None}:
        yield Finding(Wrong.EVENTS, f"{where}: refunds and their events")
    for event in events:
        # What was told is the payment as it was: its history so far is how its history began.
        then = event["snapshot"]["payment"]
        so_far = [tuple(step) for step in json.loads(then["transitions"])]
        if so_far != steps[: len(so_far)] or so_far[-1][2] != then["status"]:
            yield Finding(Wrong.EVENTS, f"{where}: snapshot of {event['type']}")


def moment(value: Any) -> datetime:
    """A moment of either database."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _grouped(rows: Iterable[Row], column: str) -> defaultdict[Any, list[Row]]:
    groups: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups
