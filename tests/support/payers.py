"""Customers and saved instruments of the native API, made in a line."""

from __future__ import annotations

from typing import Any

from tests.support.gateway import Gateway

VISA = "4242424242424242"


def card(number: str = VISA, **facts: Any) -> dict[str, Any]:
    """A body that describes a card."""
    return {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2030, **facts}}


async def customer(gateway: Gateway, **fields: Any) -> dict[str, Any]:
    """A customer of the first merchant."""
    return await _made(gateway, "/customers", fields)


async def save(gateway: Gateway, number: str = VISA, **fields: Any) -> dict[str, Any]:
    """A saved card of the first merchant, nobody's unless a field says otherwise."""
    return await _made(gateway, "/instruments", {**card(number), **fields})


async def attached_card(gateway: Gateway, customer_id: str, number: str = VISA) -> dict[str, Any]:
    """A saved card of a customer."""
    return await save(gateway, number, customer_id=customer_id)


async def _made(gateway: Gateway, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await gateway.client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
