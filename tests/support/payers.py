"""Customers and saved instruments of the native API, made in a line."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.gateway import Gateway

VISA = "4242424242424242"


def card(number: str = VISA, **facts: Any) -> dict[str, Any]:
    """A body that describes a card."""
    return {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2030, **facts}}


async def customer(gateway: Gateway, **fields: Any) -> dict[str, Any]:
    """A customer of the first merchant."""
    return await created(gateway, "/customers", fields)


async def save(gateway: Gateway, number: str = VISA, **fields: Any) -> dict[str, Any]:
    """A saved card of the first merchant, nobody's unless a field says otherwise."""
    return await created(gateway, "/instruments", {**card(number), **fields})


async def attached_card(gateway: Gateway, customer_id: str, number: str = VISA) -> dict[str, Any]:
    """A saved card of a customer."""
    return await save(gateway, number, customer_id=customer_id)


async def answer_of(
    collection: str, gateway: Gateway, made: dict[str, Any], move: str, **fields: Any
) -> httpx.Response:
    """The answer to a move of what was made, as `confirm` of one of the `intents`."""
    return await gateway.client.post(f"/{collection}/{made['id']}/{move}", json=fields or None)


async def moved_of(
    collection: str, gateway: Gateway, made: dict[str, Any], move: str, **fields: Any
) -> dict[str, Any]:
    """What was made after a move that was carried out; it is read as it was answered."""
    answer = await answer_of(collection, gateway, made, move, **fields)
    assert answer.status_code == 200, answer.text
    after: dict[str, Any] = answer.json()
    assert (await gateway.client.get(f"/{collection}/{made['id']}")).json() == after
    return after


async def created(gateway: Gateway, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    """What a POST of the first merchant made."""
    answer = await gateway.client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
