"""What is told of customers, instruments, intents and setups: each as its route shows it at that moment."""

from __future__ import annotations

from typing import Any

from tests.support.gateway import Gateway
from tests.support.payers import attached_card, customer, save

ASKS = "4000002500003155"


async def told(gateway: Gateway) -> list[tuple[str, Any]]:
    """The events of customers and so on, oldest first, each with what it tells of."""
    data = (await gateway.client.get("/webhooks/events", params={"limit": 100})).json()["data"]
    kinds = ("customer", "instrument", "intent", "setup")
    found = []
    for each in reversed(data):
        kind = each["event"].partition(".")[0]
        if kind in kinds:
            assert each["document_id"] == each["body"][kind]["id"]
            found.append((each["event"], each["body"][kind]))
    return found


async def posted(gateway: Gateway, path: str, **body: Any) -> dict[str, Any]:
    answer = await gateway.client.post(path, json=body or None)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_customer_and_their_instrument_are_told_of(each_gateway: Gateway) -> None:
    made = await customer(each_gateway, name="Hanako")
    card = await attached_card(each_gateway, made["id"])
    path = f"/customers/{made['id']}"
    changed = (await each_gateway.client.patch(path, json={"name": "Yuki"})).json()
    renewed = {"card": {"exp_month": 1}}
    later = (await each_gateway.client.patch(f"/instruments/{card['id']}", json=renewed)).json()
    gone = await posted(each_gateway, f"/instruments/{card['id']}/detach")
    await each_gateway.client.delete(path)
    assert await told(each_gateway) == [
        ("customer.created", made),
        ("instrument.attached", card),
        ("customer.updated", changed),
        ("instrument.updated", later),
        ("instrument.detached", gone),
        ("customer.deleted", changed),
    ]


async def test_what_is_nobodys_is_saved_and_deleted_without_an_event(gateway: Gateway) -> None:
    card = await save(gateway)
    await gateway.client.delete(f"/instruments/{card['id']}")
    assert await told(gateway) == []


async def test_an_intent_is_told_of_with_each_try(each_gateway: Gateway) -> None:
    poor, asks = await save(each_gateway, "4000000000009995"), await save(each_gateway, ASKS)
    made = await posted(each_gateway, "/intents", amount=100)
    path = f"/intents/{made['id']}"
    failed = await posted(each_gateway, f"{path}/confirm", instrument_id=poor["id"])
    asked = await posted(each_gateway, f"{path}/confirm", instrument_id=asks["id"])
    await each_gateway.stranger.post(asked["next_action"]["redirect_url"], params={"outcome": "approve"})
    paid = (await each_gateway.client.get(path)).json()
    assert await told(each_gateway) == [
        ("intent.created", made),
        ("intent.failed", failed),
        ("intent.requires_action", asked),
        ("intent.succeeded", paid),
    ]


async def test_a_setup_is_told_of_with_each_try(each_gateway: Gateway) -> None:
    owner, asks = await customer(each_gateway), await save(each_gateway, ASKS)
    made = await posted(each_gateway, "/setups", customer_id=owner["id"])
    path = f"/setups/{made['id']}"
    asked = await posted(each_gateway, f"{path}/confirm", instrument_id=asks["id"])
    await each_gateway.stranger.post(asked["next_action"]["redirect_url"], params={"outcome": "approve"})
    done = (await each_gateway.client.get(path)).json()
    kept = (await each_gateway.client.get(f"/instruments/{asks['id']}")).json()
    assert (await told(each_gateway))[1:] == [
        ("setup.created", made),
        ("setup.requires_action", asked),
        ("instrument.attached", kept),
        ("setup.succeeded", done),
    ]


async def test_an_endpoint_may_ask_for_them(gateway: Gateway) -> None:
    body = {"url": "http://receiver.test/hook", "events": ["customer.created", "intent.succeeded"]}
    await posted(gateway, "/webhooks/endpoints", **body)
    made = await customer(gateway)
    await gateway.client.delete(f"/customers/{made['id']}")
    events = {"event": "customer.created"}
    listed = (await gateway.client.get("/webhooks/events", params=events)).json()["data"]
    assert [each["document_id"] for each in listed] == [made["id"]]
