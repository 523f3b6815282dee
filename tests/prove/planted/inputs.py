"""Gateways with a bug in how they read: a mask with a gap, a reader that breaks, a look-up for anybody or of
everybody."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Connection, select

from kessai.bootstrap import Gateway
from kessai.dialects.native import merchant_routes
from kessai.dialects.stripe import form
from kessai.domain.endpoint import Endpoint
from kessai.simulation import card_data, cards
from kessai.storage.repositories import fanning_out
from kessai.storage.tables import merchants

ODD: Final = "\x7f"
"""A text that breaks the planted reader."""


def mask_without_groups(_gateway: Gateway) -> None:
    """Masks a number that is written in one piece, and no other."""
    cards._DIGIT_GROUPS = re.compile(r"(?P<uuid>[0-9a-f-]{36})|\d{13,}")  # type: ignore[misc]


def mask_without_codes(_gateway: Gateway) -> None:
    """Masks card numbers, and no security codes."""
    card_data._NAMED_CODE = re.compile(r"(?P<code>(?!))")  # type: ignore[misc]


def touchy_forms(_gateway: Gateway) -> None:
    """Take for granted that whatever a form says can be printed."""
    put = form._put_text

    # Any: texts, and dicts and lists of them.
    def touchy(holder: dict[str, Any], name: str, value: str, key: str) -> None:
        if value == ODD:
            raise LookupError("there is no such character")
        put(holder, name, value, key)

    form._put_text = touchy


def keys_without_a_shape(_gateway: Gateway) -> None:
    """Show the ends of keys as numbers, which the document does not."""
    routes: Any = merchant_routes
    key_out = routes.key_out
    routes.key_out = lambda key: {**key_out(key), "last4": 4}


def anybodys_customers(gateway: Gateway) -> None:
    """Look customers up by their id alone."""
    repository: Any = gateway.services.customers._repository
    repository.get = lambda _merchant_id, customer_id: repository.get_any(customer_id)


def anybodys_payments(gateway: Gateway) -> None:
    """Look payments up by their id alone."""
    repository: Any = gateway.services.payments._repository
    repository.get = lambda _merchant_id, payment_id: repository.get_any(payment_id)


def told_to_everybody(_gateway: Gateway) -> None:
    """Tell each event to every merchant's endpoints."""
    endpoints_of = fanning_out._endpoints_of

    def of_everybody(connection: Connection, merchant_ids: Collection[str]) -> dict[str, list[Endpoint]]:
        everybody = connection.scalars(select(merchants.c.id)).all()
        known = [each for found in endpoints_of(connection, everybody).values() for each in found]
        return dict.fromkeys(merchant_ids, known)

    fanning_out._endpoints_of = of_everybody
