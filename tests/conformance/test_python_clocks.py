"""Test clocks with Stripe's library for Python."""

from __future__ import annotations

import pytest
import stripe

START = 1_900_000_000


def settled(client: stripe.StripeClient, clock_id: str) -> stripe.test_helpers.TestClock:
    """The clock once it is ready, which the worker may take a moment for."""
    for _ in range(200):
        clock = client.v1.test_helpers.test_clocks.retrieve(clock_id)
        if clock.status == "ready":
            return clock
    raise AssertionError("the clock is still advancing")


def test_a_clock_is_made_and_goes_forward(client: stripe.StripeClient) -> None:
    clocks = client.v1.test_helpers.test_clocks
    clock = clocks.create(params={"frozen_time": START, "name": "Next year"})
    assert (clock.frozen_time, clock.status, clock.name) == (START, "ready", "Next year")

    clocks.advance(clock.id, params={"frozen_time": START + 86_400})

    assert settled(client, clock.id).frozen_time == START + 86_400
    with pytest.raises(stripe.InvalidRequestError):
        clocks.advance(clock.id, params={"frozen_time": START})


def test_a_customer_lives_by_a_clock(client: stripe.StripeClient) -> None:
    clock = client.v1.test_helpers.test_clocks.create(params={"frozen_time": START})
    customer = client.v1.customers.create(params={"test_clock": clock.id})
    client.v1.customers.create()

    assert customer.test_clock == clock.id
    assert customer.created == START
    listed = client.v1.customers.list(params={"test_clock": clock.id})
    assert [each.id for each in listed.data] == [customer.id]


def test_a_clock_is_deleted(client: stripe.StripeClient) -> None:
    clocks = client.v1.test_helpers.test_clocks
    clock = clocks.create(params={"frozen_time": START})

    assert clocks.delete(clock.id).deleted is True
    assert clocks.list().data == []
