"""Stripe's library for Python where it does not block."""

from __future__ import annotations

import asyncio

import pytest
import stripe

from tests.conformance.flows import error_of, payment
from tests.conformance.lossy_proxy import LossyProxy
from tests.support.server import RunningServer

# how the library itself calls httpx
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


async def test_a_payment_is_made_and_refunded(async_client: stripe.StripeClient) -> None:
    intent = await async_client.v1.payment_intents.create_async(params=payment(2_000))
    assert intent.status == "succeeded"

    refund = await async_client.v1.refunds.create_async(params={"payment_intent": intent.id})
    assert refund.status == "succeeded"
    charge = await async_client.v1.charges.retrieve_async(str(intent.latest_charge))
    assert charge.refunded is True


async def test_what_is_held_is_captured(async_client: stripe.StripeClient) -> None:
    intents = async_client.v1.payment_intents
    intent = await intents.create_async(params=payment(2_000, capture_method="manual"))

    captured = await intents.capture_async(intent.id, params={"amount_to_capture": 700})

    assert (captured.status, captured.amount_received) == ("succeeded", 700)


async def test_a_decline_is_caught(async_client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        await async_client.v1.payment_intents.create_async(
            params=payment(payment_method="pm_card_visa_chargeDeclinedLostCard")
        )

    assert error_of(refusal.value).decline_code == "lost_card"


async def test_everything_is_listed_page_by_page(async_client: stripe.StripeClient) -> None:
    customers = async_client.v1.customers
    ids = [(await customers.create_async(params={"name": str(number)})).id for number in range(5)]

    page = await customers.list_async(params={"limit": 2})
    assert [each.id async for each in page.auto_paging_iter()] == ids[::-1]

    from_the_oldest = await customers.list_async(params={"limit": 2, "ending_before": ids[0]})
    assert [each.id async for each in from_the_oldest.auto_paging_iter()] == ids[1:]


async def test_customers_made_at_once_are_all_made(async_client: stripe.StripeClient) -> None:
    customers = async_client.v1.customers
    made = await asyncio.gather(
        *(customers.create_async(params={"name": f"Customer {number}"}) for number in range(20))
    )

    listed = [each.id for each in (await customers.list_async(params={"limit": 100})).data]
    assert sorted(listed) == sorted(each.id for each in made)


async def test_payments_with_one_key_at_once_are_one_payment(async_client: stripe.StripeClient) -> None:
    intents = async_client.v1.payment_intents

    answers = await asyncio.gather(
        *(
            intents.create_async(params=payment(2_000), options={"idempotency_key": "order-1"})
            for _ in range(8)
        ),
        return_exceptions=True,
    )

    paid = [each for each in answers if isinstance(each, stripe.PaymentIntent)]
    # one that is still running may be answered 409, which libraries try again
    others = [each for each in answers if not isinstance(each, stripe.PaymentIntent)]
    assert all(isinstance(each, stripe.APIError) and each.http_status == 409 for each in others)
    assert len({each.id for each in paid}) == 1
    assert len((await async_client.v1.charges.list_async()).data) == 1


async def test_captures_at_once_take_the_money_once(async_client: stripe.StripeClient) -> None:
    intents = async_client.v1.payment_intents
    intent = await intents.create_async(params=payment(2_000, capture_method="manual"))

    answers = await asyncio.gather(
        *(intents.capture_async(intent.id) for _ in range(6)), return_exceptions=True
    )

    taken = [each for each in answers if isinstance(each, stripe.PaymentIntent)]
    refused = [each for each in answers if isinstance(each, stripe.InvalidRequestError)]
    assert (len(taken), len(refused)) == (1, 5)
    assert {each.code for each in refused} == {"payment_intent_unexpected_state"}


async def test_refunds_at_once_give_back_no_more_than_was_paid(async_client: stripe.StripeClient) -> None:
    intent = await async_client.v1.payment_intents.create_async(params=payment(2_000))
    refunds = async_client.v1.refunds

    answers = await asyncio.gather(
        *(refunds.create_async(params={"payment_intent": intent.id, "amount": 700}) for _ in range(6)),
        return_exceptions=True,
    )

    given = [each for each in answers if isinstance(each, stripe.Refund)]
    assert len(given) == 2
    assert all(isinstance(each, stripe.Refund | stripe.InvalidRequestError) for each in answers)
    charge = await async_client.v1.charges.retrieve_async(str(intent.latest_charge))
    assert charge.amount_refunded == 1_400


async def test_a_payment_whose_answer_is_lost_is_made_once(
    async_client: stripe.StripeClient, stripe_server: RunningServer, key: str
) -> None:
    http_client = stripe.HTTPXClient()
    with LossyProxy(stripe_server.port, losing=1) as proxy:
        behind = stripe.StripeClient(
            key,
            base_addresses={"api": proxy.url},
            http_client=http_client,
            max_network_retries=2,
        )
        intent = await behind.v1.payment_intents.create_async(params=payment(2_000))
    await http_client.close_async()  # type: ignore[no-untyped-call]  # the library's own

    assert proxy.statuses == [200, 200]
    found = await async_client.v1.payment_intents.list_async()
    assert [each.id for each in found.data] == [intent.id]


async def test_a_raw_request_is_answered(async_client: stripe.StripeClient) -> None:
    answer = await async_client.raw_request_async("post", "/v1/customers", name="Jenny")

    assert async_client.deserialize(answer, api_mode="V1")["name"] == "Jenny"
