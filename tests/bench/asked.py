"""What is asked of whom: each operation as one request, with what it needs to have happened before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from kessai.services.secrets import WELL_KNOWN_KEY
from tests.bench.hammer import ID, NUMBER

_PAYMENTS: Final = "/api/v1/payments"
_AUTHORIZED: Final = {"Authorization": f"Bearer {WELL_KNOWN_KEY}"}
_ORDER: Final = {
    "amount": 50_000,
    "currency": "INR",
    "description": "Two tickets, second row",
    "customer_email": "customer@example.com",
}


_INTENT: Final = {
    "amount": "50000",
    "currency": "usd",
    "description": "Two tickets, second row",
    "payment_method": "pm_card_visa",
    "payment_method_types[0]": "card",
    "confirm": "true",
}
"""A PaymentIntent that is created and confirmed in one call, as Stripe's libraries write it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One kind of request, and the status of its answer.

    `ids` is a query on the database of whoever is asked; what it finds takes the place of ID, once each if
    `is_once`.
    """

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 200
    ids: str = ""
    is_once: bool = False


def _order(reference: str, **more: object) -> str:
    return json.dumps({**_ORDER, "reference": reference, **more})


def _keyed(key: str) -> dict[str, str]:
    return {**_AUTHORIZED, "Idempotency-Key": key}


def _found(what: str, status: str, most: int) -> str:
    return f"SELECT {what} FROM payments WHERE status = '{status}' ORDER BY id LIMIT {most}"


CREATE: Final = Ask(_PAYMENTS, "POST", _keyed(f"order-{NUMBER}"), _order(f"order-{NUMBER}"), 201)
_OFTEN: Final = 2_000
_EVER: Final = 200_000

KESSAI: Final[Mapping[str, Ask]] = {
    "create": CREATE,
    "authorize": replace(
        CREATE, headers=_keyed(f"hold-{NUMBER}"), body=_order(f"hold-{NUMBER}", capture_method="manual")
    ),
    "get": Ask(f"{_PAYMENTS}/{ID}", headers=_AUTHORIZED, ids=_found("id", "CAPTURED", _OFTEN)),
    "replay": Ask(
        _PAYMENTS,
        "POST",
        _keyed(ID),
        _order(ID),
        201,
        ids=f"SELECT key FROM idempotency_keys WHERE key LIKE 'order-%' LIMIT {_OFTEN}",
    ),
    "capture": Ask(
        f"{_PAYMENTS}/{ID}/capture",
        "POST",
        _keyed(f"capture-{ID}"),
        ids=_found("id", "AUTHORIZED", _EVER),
        is_once=True,
    ),
    "refund": Ask(
        f"{_PAYMENTS}/{ID}/refund",
        "POST",
        _keyed(f"refund-{ID}"),
        json.dumps({"reason": "Not wanted any more"}),
        201,
        ids=_found("id", "CAPTURED", _EVER),
        is_once=True,
    ),
    "list of 20": Ask(f"{_PAYMENTS}?limit=20", headers=_AUTHORIZED),
    "invalid": Ask(
        _PAYMENTS, "POST", _keyed(f"bad-{NUMBER}"), _order("bad", amount=-1, capture_method="maybe"), 422
    ),
    "intent": Ask(
        "/v1/payment_intents",
        "POST",
        {**_keyed(f"intent-{NUMBER}"), "Content-Type": "application/x-www-form-urlencoded"},
        urlencode(_INTENT),
    ),
    "401": replace(CREATE, headers={"Authorization": "Bearer sk_test_wrong"}, status=401),
    "401, new key each": replace(CREATE, headers={"Authorization": f"Bearer sk_test_{NUMBER}"}, status=401),
}
"""In the order in which they make what the next ones need."""

LIMITED: Final[Mapping[str, Ask]] = {"429": replace(CREATE, status=429)}
HELLO: Final[Mapping[str, Ask]] = {"hello": Ask("/")}
RAW_CREATE: Final[Mapping[str, Ask]] = {"create": replace(CREATE, path="/")}

STEPS: Final[tuple[tuple[str, int], ...]] = (
    ("hello", 32),
    ("create", 32),
    ("hello", 128),
    ("create", 128),
    ("create", 1),
    *((name, 32) for name in ("authorize", "get", "replay", "capture", "refund", "list of 20")),
    *((name, 32) for name in ("invalid", "401", "401, new key each", "429", "intent")),
)
"""Operations and numbers of connections, in the order of a round; all targets take each step by turns."""
