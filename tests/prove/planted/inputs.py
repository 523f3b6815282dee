"""Gateways with a bug in how they read: a mask with a gap, a handler that breaks, a look-up for anybody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from kessai.bootstrap import Gateway
from kessai.services.customers import Customers
from kessai.simulation import cards

ODD: Final = "\x7f"
"""A text that breaks the planted handler."""


def mask_without_groups(_gateway: Gateway) -> None:
    """Masks a number that is written in one piece, and no other."""
    cards._DIGIT_GROUPS = re.compile(r"(?P<uuid>[0-9a-f-]{36})|\d{13,}")  # type: ignore[misc]


class _Touchy(Customers):
    """Takes for granted that what a customer is called can be printed."""

    def create(self, *arguments: Any, **named: Any) -> Any:
        facts: Mapping[str, Any] = arguments[1]
        if ODD in facts.values():
            raise LookupError("there is no such character")
        return super().create(*arguments, **named)


def touchy_customers(gateway: Gateway) -> None:
    """Break on an odd text."""
    gateway.services.customers.__class__ = _Touchy


def anybodys_customers(gateway: Gateway) -> None:
    """Look customers up by their id alone."""
    repository: Any = gateway.services.customers._repository
    repository.get = lambda _merchant_id, customer_id: repository.get_any(customer_id)


def anybodys_payments(gateway: Gateway) -> None:
    """Look payments up by their id alone."""
    repository: Any = gateway.services.payments._repository
    repository.get = lambda _merchant_id, payment_id: repository.get_any(payment_id)
