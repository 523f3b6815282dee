"""Webhooks do not come out where they must not, however their URL is written and wherever its name leads."""

from __future__ import annotations

import asyncio

import pytest

from kessai.adapters.name_lookup import Lookup
from kessai.domain.destinations import Destinations
from kessai.services.ports import Clock, WebhookSender
from tests.support.address_trap import Stage, open_stage, play, real_sender
from tests.support.address_tricks import SETTINGS, TRAP_ADDRESSES, Mode, Trick, tricks
from tests.support.webhooks import until


def test_there_are_many_tricks_and_no_two_are_the_same() -> None:
    every = tricks()

    assert len({(trick.mode, trick.url, trick.answers) for trick in every}) == len(every) >= 200
    assert len({trick.name for trick in every}) == len(every)


@pytest.mark.parametrize("mode", list(SETTINGS))
async def test_no_trick_comes_out_where_it_must_not(sqlite_url: str, mode: Mode) -> None:
    outcomes = await play(tricks(), sqlite_url, mode)

    assert {each.trick.name: sorted(each.forbidden) for each in outcomes if each.forbidden} == {}
    # and each was refused in words, or came out where it may
    assert {each.trick.name: each for each in outcomes if not each.is_clear} == {}


async def test_a_guard_that_looks_at_the_url_only_is_found_out(sqlite_url: str) -> None:
    # given a gateway whose sockets may go anywhere, and tricks that lead into the trap if anywhere
    def anywhere(clock: Clock, _: Destinations, lookup: Lookup) -> WebhookSender:
        return real_sender(clock, Destinations(is_local=True), lookup)

    near = [each for each in tricks() if each.answers and set().union(*each.answers) <= set(TRAP_ADDRESSES)]

    outcomes = await play(near, sqlite_url, "team", anywhere)

    assert sum(bool(each.forbidden) for each in outcomes) >= 4


async def test_a_delivery_says_why_it_was_not_sent(sqlite_url: str) -> None:
    async with open_stage(sqlite_url, "team") as stage:
        # given an endpoint whose name leads to this machine
        made = await stage.registered(Trick("", "team", "http://name.test:{port}/", (("127.0.0.1",),)))
        assert made.status_code == 201

        # when a payment is made and the dispatcher at work
        attempt = await first_attempt(stage)

    assert attempt["error"] == ("may not connect to 127.0.0.1: a loopback address; list it in WEBHOOK_ALLOW")
    assert stage.trap.connected.total() == 0


async def first_attempt(stage: Stage) -> dict[str, object]:
    """Pay, and wait for the first attempt to tell of it."""
    await stage.client.post("/payments", json={"amount": 100})
    attempts: list[dict[str, object]] = []

    async def is_tried() -> bool:
        listed = (await stage.client.get("/webhooks/deliveries")).json()["data"]
        attempts[:] = [attempt for each in listed for attempt in each["attempts"]]
        return bool(attempts)

    working = asyncio.create_task(stage.joined.worker.run())
    try:
        await until(is_tried)
    finally:
        await stage.joined.worker.stop()
        await working
    return attempts[0]
