"""The auditor: what customers were told, what the API says and what the rows say must be one story.

Everything it believes about payments stands in `diagram`, and is taken from no room of kessai.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.e2e.books import Books, Row
from tests.e2e.diagram import REFUNDS, Step, expected_events, is_a_way, moment, moved
from tests.e2e.journal import Answer, Ask, Journal
from tests.e2e.known import known_of


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
    BEHIND = "a payment does not stand where it was acknowledged to"
    TRANSITIONS = "transitions are no way along the diagram"
    EVENTS = "events do not match transitions"
    STORY = "the API tells another story"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where."""

    wrong: Wrong
    where: str


def audit_rows(books: Books, journal: Journal) -> list[Finding]:
    """Compare what was acknowledged with what is in the tables, and the tables with each other."""
    audits = (_audit_keys, _audit_effects, _audit_amounts, _audit_standing)
    return [*audit_books(books), *(finding for each in audits for finding in each(books, journal))]


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


def _audit_standing(books: Books, journal: Journal) -> Iterator[Finding]:
    """Every payment has the amounts that customers were told of, and has been where they were told it is."""
    known = known_of(journal)
    for payment in books.payments:
        if (told := known.get(payment["id"])) is None:
            continue
        been = {step[2] for step in payment["transitions"]}
        if not told.fits(payment) or not told.statuses <= been:
            yield Finding(Wrong.BEHIND, f"payment {payment['id']}: {payment} for {told}")


def kind_of(ask: Ask) -> str:
    """`/payments`, or what is asked for with a payment; a refund has two doors."""
    return ask.path if ask.path == "/payments" else ask.path.rpartition("/")[2].replace("refunds", "refund")


def _audit_payment(payment: Row, refunds: list[Row], events: list[Row]) -> Iterator[Finding]:
    where = f"payment {payment['id']}"
    steps: list[Step] = [tuple(step) for step in payment["transitions"]]
    captured, refunded = payment["captured_amount"], payment["refunded_amount"]
    if not 0 <= refunded <= captured <= payment["amount"]:
        yield Finding(Wrong.MONEY, f"{where}: {refunded} of {captured} of {payment['amount']}")
    if captured != (taken := moved(steps, "capture", "settle")):
        yield Finding(Wrong.MONEY, f"{where}: captured {captured}, moved {taken}")
    given = sum(refund["amount"] for refund in refunds if refund["status"] != "FAILED")
    if not refunded == given == moved(steps, *REFUNDS) - moved(steps, "restore"):
        yield Finding(Wrong.MONEY, f"{where}: refunded {refunded}, refunds of {given}")
    if not is_a_way(steps) or steps[-1][2] != payment["status"]:
        yield Finding(Wrong.TRANSITIONS, f"{where}: {steps}")
    yield from _audit_events(payment, steps, refunds, events)


def _audit_events(
    payment: Row, steps: list[Step], refunds: list[Row], events: list[Row]
) -> Iterator[Finding]:
    where = f"payment {payment['id']}"
    told = Counter(event["type"] for event in events)
    if told != expected_events(steps, payment):
        yield Finding(Wrong.EVENTS, f"{where}: {dict(told)} for {[step[0] for step in steps]}")
    if {refund["id"] for refund in refunds} != {event["refund_id"] for event in events} - {None}:
        yield Finding(Wrong.EVENTS, f"{where}: refunds and their events")
    for event in events:
        if event["pruned_at"] is not None:
            continue
        # What was told is the payment as it was: its history so far is how its history began.
        then = event["snapshot"]["payment"]
        so_far = [tuple(step) for step in json.loads(then["transitions"])]
        if so_far != steps[: len(so_far)] or so_far[-1][2] != then["status"]:
            yield Finding(Wrong.EVENTS, f"{where}: snapshot of {event['type']}")


def _grouped(rows: Iterable[Row], column: str) -> defaultdict[Any, list[Row]]:
    groups: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups
