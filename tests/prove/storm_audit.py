"""The reckoning after a storm: what was asked for, the rows, the API's lists and the receiver's own log."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tests.prove.ground import Ground
from tests.prove.moody import Receipt
from tests.prove.swift import SwiftClock
from tests.prove.troubles import Heard

EVENTS_OF_A_PAYMENT: Final = 2
_MARGIN_S: Final = 1.0
"""Around a switch it is nobody's promise whether an event is heard."""


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as its row says; `digest` is of the body."""

    id: str
    event_id: str
    endpoint_id: str
    status: str
    attempt_count: int
    retry_count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What the database has. `tries` are (delivery, number) -> status code of kept attempts."""

    fanned_out: dict[str, datetime]
    payments: Counter[str]
    deliveries: list[Row]
    tries: dict[tuple[str, int], int | None]


@dataclass(frozen=True, slots=True)
class Storm:
    """What the harness knows itself: `stops` are the moments at which dispatchers were paused."""

    payment_ids: Sequence[str]
    endpoints: Sequence[Heard]
    stops: Sequence[float]
    clock: SwiftClock
    retries: int


async def read_rows(ground: Ground) -> Rows:
    """Read all of it with plain SQL."""
    events = await ground.rows("SELECT id, payment_id, fanned_out_at FROM webhook_events")
    deliveries = await ground.rows(
        "SELECT id, event_id, endpoint_id, status, attempt_count, retry_count, body FROM webhook_deliveries"
    )
    attempts = await ground.rows("SELECT delivery_id, number, status_code FROM webhook_attempts")
    return Rows(
        {event_id: _moment(at) for event_id, _, at in events if at is not None},
        Counter(payment_id for _, payment_id, _ in events if payment_id),
        [_row(*row) for row in deliveries],
        {(delivery_id, number): code for delivery_id, number, code in attempts},
    )


def _row(
    id_: str, event_id: str, endpoint_id: str, status: str, tries: int, retries: int, body: bytes
) -> Row:
    return Row(id_, event_id, endpoint_id, status, tries, retries, hashlib.sha256(body).hexdigest())


def audit(storm: Storm, rows: Rows, receipts: Sequence[Receipt]) -> Iterator[str]:
    """Everything that is wrong, a line each."""
    yield from _audit_outbox(storm, rows)
    yield from _audit_final(storm, rows)
    yield from _audit_receipts(storm, rows, receipts)


def _audit_outbox(storm: Storm, rows: Rows) -> Iterator[str]:
    """Every acknowledged payment has its events, and every event a delivery for each who hears."""
    for payment_id in storm.payment_ids:
        if rows.payments[payment_id] != EVENTS_OF_A_PAYMENT:
            yield f"missing: payment {payment_id} has {rows.payments[payment_id]} events"
    there = Counter((row.event_id, row.endpoint_id) for row in rows.deliveries)
    for event_id, at in rows.fanned_out.items():
        for endpoint in storm.endpoints:
            expected, found = _is_heard(storm, endpoint, at), there[event_id, endpoint.id]
            if found > 1 or (expected is not None and found != expected):
                yield f"missing or too many: event {event_id} for endpoint {endpoint.number}: {found}"


def _is_heard(storm: Storm, endpoint: Heard, at: datetime) -> bool | None:
    """Whether there must be a delivery; None when both are right."""
    real = storm.clock.epoch + (at.timestamp() - storm.clock.epoch) / storm.clock.speed
    if any(-_MARGIN_S <= stopped - real <= _MARGIN_S for stopped in storm.stops):
        # A dispatcher that was paused in the middle has gone on after the switch.
        return True if not endpoint.off else None
    for asked, is_off, on_asked, is_on in endpoint.off:
        if asked - _MARGIN_S <= real <= is_on + _MARGIN_S:
            return False if is_off + _MARGIN_S <= real <= on_asked - _MARGIN_S else None
    return True


def _audit_final(storm: Storm, rows: Rows) -> Iterator[str]:
    """Each is final, and its newest attempt is what made it so."""
    switched = {each.id for each in storm.endpoints if each.is_switched}
    for row in rows.deliveries:
        newest = rows.tries.get((row.id, row.attempt_count))
        is_good = newest is not None and 200 <= newest < 300
        match row.status:
            case "SUCCEEDED" if not is_good:
                yield f"overwritten: {row.id} succeeded, but its newest attempt says {newest}"
            case "EXHAUSTED" if is_good or (row.id, row.attempt_count) not in rows.tries:
                yield f"overwritten: {row.id} is exhausted, but its newest attempt says {newest}"
            case "EXHAUSTED" if row.attempt_count < storm.retries + 1:
                yield f"given up early: {row.id} after {row.attempt_count} attempts"
            case "CANCELED" if row.endpoint_id not in switched:
                yield f"canceled: {row.id}, whose endpoint was never switched off"
            case "PENDING" | "RETRYING":
                yield f"left behind: {row.id} is {row.status}"
            case _:
                pass
    numbers = defaultdict(list)
    for delivery_id, number in rows.tries:
        numbers[delivery_id].append(number)
    for row in rows.deliveries:
        if max(numbers[row.id], default=0) > row.attempt_count:
            yield f"overwritten: {row.id} has attempt {max(numbers[row.id])} of {row.attempt_count}"


def _audit_receipts(storm: Storm, rows: Rows, receipts: Sequence[Receipt]) -> Iterator[str]:
    """What came is what was meant, each attempt once, each with the same bytes, and signed."""
    ids = {f"/e/{each.number}": each for each in storm.endpoints}
    known = {(row.endpoint_id, row.event_id): row for row in rows.deliveries}
    attempts: Counter[tuple[str, str, int]] = Counter()
    acknowledged: set[str] = set()
    for receipt in receipts:
        path, event_id = receipt.key
        row = known.get((ids[path].id, event_id))
        attempts[path, event_id, receipt.attempt] += 1
        if row is None:
            yield f"another id: {event_id} came to {path}, and there is no such delivery"
            continue
        if receipt.digest != row.digest:
            yield f"another body: {event_id} attempt {receipt.attempt} at {path}"
        if receipt.was_acknowledged:
            acknowledged.add(row.id)
    for (path, event_id, number), count in attempts.items():
        if count > 1:
            yield f"attempt {number} of {event_id} came {count} times to {path}"
    for row in rows.deliveries:
        if row.status == "SUCCEEDED" and row.id not in acknowledged:
            yield f"never acknowledged: {row.id} succeeded, the receiver knows nothing of it"


def is_signed(receipt: Receipt, body: bytes, secrets: Sequence[str]) -> bool:
    """Whether `webhook-signature` holds under one of these `whsec_` secrets, by the published recipe."""
    headers = receipt.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    said = headers["webhook-signature"].split(" ")
    keys = (base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets)
    made = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return any(f"v1,{each}" in said for each in made)


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
