"""What payments may do and what is told of it, as the auditor believes; taken from no room of kessai."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

# (action, from, to); None is before the payment was there
_ARROWS: Final = frozenset(
    {
        ("create", None, "CREATED"),
        ("authorize", "CREATED", "AUTHORIZED"),
        ("decline", "CREATED", "FAILED"),
        ("increment", "AUTHORIZED", "AUTHORIZED"),
        ("decline_increment", "AUTHORIZED", "AUTHORIZED"),
        ("challenge", "CREATED", "REQUIRES_ACTION"),
        ("authorize", "REQUIRES_ACTION", "AUTHORIZED"),
        ("decline", "REQUIRES_ACTION", "FAILED"),
        ("defer", "CREATED", "PENDING"),
        ("settle", "PENDING", "CAPTURED"),
        ("decline", "PENDING", "FAILED"),
        ("capture", "AUTHORIZED", "CAPTURED"),
        ("cancel", "AUTHORIZED", "VOIDED"),
        ("expire", "AUTHORIZED", "EXPIRED"),
        ("refund_part", "CAPTURED", "CAPTURED"),
        ("refund", "CAPTURED", "REFUNDED"),
        ("restore", "CAPTURED", "CAPTURED"),
        ("restore", "REFUNDED", "CAPTURED"),
    }
)
_TOLD: Final = {
    "create": "payment.created",
    "authorize": "payment.authorized",
    "decline": "payment.failed",
    "challenge": "payment.requires_action",
    "settle": "payment.succeeded",
    "increment": "payment.incremented",
    "capture": "payment.succeeded",
    "cancel": "payment.canceled",
    "expire": "payment.expired",
    "refund_part": "payment.refunded",
    "refund": "payment.refunded",
    "restore": "refund.failed",
}
_UNTOLD: Final = frozenset({"defer", "decline_increment"})
"""What is put off is told of as created; what leaves everything as it was, by its answer and the timeline."""
REFUNDS: Final = ("refund", "refund_part")

Step = tuple[str, str | None, str, str, int | None]
"""A transition as it is kept: action, from, to, moment, amount."""


def expected_events(steps: list[Step], payment: Mapping[str, Any]) -> Counter[str]:
    """The events that these transitions must have, whatever their order.

    What is captured by itself passes through being authorized, and does not tell of it. A refund that fails
    in the end is told of when it fails, and before that only when it has to wait.
    """
    untold, told = set(_UNTOLD), dict(_TOLD)
    if payment["capture_method"] == "automatic":
        untold.add("authorize")
    if payment["simulate"] == "refund_failure":
        untold.update(() if payment.get("delay_s") else REFUNDS)
        told |= dict.fromkeys(REFUNDS, "refund.pending")
    return Counter(told.get(step[0], step[0]) for step in steps if step[0] not in untold)


def moved(steps: list[Step], *actions: str) -> int:
    """Minor units that these actions moved."""
    return sum(step[4] or 0 for step in steps if step[0] in actions)


def is_a_way(steps: list[Step]) -> bool:
    """Whether they join, in order, along the diagram."""
    # As moments: one on the full second is written without a fraction, and sorts behind those after it.
    moments = [moment(step[3]) for step in steps]
    joined = moments == sorted(moments) and all(before[2] == after[1] for before, after in pairwise(steps))
    return bool(steps) and joined and all(step[:3] in _ARROWS for step in steps)


def moment(value: Any) -> datetime:
    """A moment of either database."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
