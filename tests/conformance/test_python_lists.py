"""Lists with Stripe's library for Python: pages, both ways; what they are narrowed by; search; expansion."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import stripe

from tests.conformance.flows import error_of, paid


@pytest.fixture
def twelve(client: stripe.StripeClient) -> list[str]:
    """The ids of twelve customers, the oldest first; most of them are made within one second."""
    return [client.v1.customers.create(params={"name": f"Customer {number}"}).id for number in range(12)]


def test_a_page_is_the_newest_ten(client: stripe.StripeClient, twelve: list[str]) -> None:
    page = client.v1.customers.list()

    assert page.to_dict()["object"] == "list"
    assert (page.url, page.has_more) == ("/v1/customers", True)
    assert [each.id for each in page.data] == twelve[:1:-1]


def test_everything_is_reached_page_by_page(client: stripe.StripeClient, twelve: list[str]) -> None:
    page = client.v1.customers.list(params={"limit": 5})

    assert [each.id for each in page.auto_paging_iter()] == twelve[::-1]


def test_everything_is_reached_from_the_oldest_on(client: stripe.StripeClient, twelve: list[str]) -> None:
    page = client.v1.customers.list(params={"limit": 5, "ending_before": twelve[0]})

    assert [each.id for each in page.data] == twelve[5:0:-1]
    assert page.has_more is True
    assert [each.id for each in page.auto_paging_iter()] == twelve[1:]


def test_pages_are_turned_by_hand_both_ways(client: stripe.StripeClient, twelve: list[str]) -> None:
    first = client.v1.customers.list(params={"limit": 4})
    second = first.next_page()
    third = second.next_page()

    assert [each.id for each in second.data] == twelve[7:3:-1]
    assert [each.id for each in third.data] == twelve[3::-1]
    assert (second.has_more, third.has_more) == (True, False)
    assert third.next_page().data == []

    last = client.v1.customers.list(params={"limit": 4, "ending_before": twelve[0]})
    before = last.previous_page()
    assert [each.id for each in last.data] == twelve[4:0:-1]
    assert [each.id for each in before.data] == twelve[8:4:-1]


def test_an_exact_page_has_nothing_behind_it(client: stripe.StripeClient, twelve: list[str]) -> None:
    page = client.v1.customers.list(params={"limit": 12})

    assert (len(page.data), page.has_more) == (len(twelve), False)
    assert client.v1.customers.list(params={"limit": 11}).has_more is True


def test_an_empty_list_is_a_list(client: stripe.StripeClient) -> None:
    page = client.v1.payment_intents.list()

    assert (page.data, page.has_more, page.url) == ([], False, "/v1/payment_intents")
    assert list(page.auto_paging_iter()) == []


def test_a_page_survives_what_is_made_while_it_is_turned(
    client: stripe.StripeClient, twelve: list[str]
) -> None:
    page = client.v1.customers.list(params={"limit": 5})
    client.v1.customers.create(params={"name": "Late"})

    assert [each.id for each in page.auto_paging_iter()] == twelve[::-1]


@pytest.mark.usefixtures("twelve")
def test_a_page_may_have_none(client: stripe.StripeClient) -> None:
    page = client.v1.customers.list(params={"limit": 0})

    assert (page.data, page.has_more) == ([], True)


@pytest.mark.parametrize("limit", [-1, 101, 10**20])
def test_a_page_has_up_to_a_hundred(client: stripe.StripeClient, limit: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.customers.list(params={"limit": limit})

    assert (refusal.value.http_status, refusal.value.param) == (400, "limit")
    assert refusal.value.code == "parameter_invalid_integer"


def test_a_page_cannot_begin_and_end(client: stripe.StripeClient, twelve: list[str]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.list(params={"starting_after": twelve[0], "ending_before": twelve[1]})


def test_a_cursor_of_another_merchant_is_none(
    client: stripe.StripeClient, stranger: stripe.StripeClient, twelve: list[str]
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        stranger.v1.customers.list(params={"starting_after": twelve[3]})

    assert (refusal.value.code, refusal.value.param) == ("resource_missing", "starting_after")


def test_lists_are_narrowed_by_when_things_were_made(client: stripe.StripeClient) -> None:
    made = client.v1.payment_intents.create(params={"amount": 2_000, "currency": "usd"})
    intents, at = client.v1.payment_intents, made.created
    assert abs(at - datetime.now(UTC).timestamp()) < 60

    def found(created: int | stripe.params.PaymentIntentListParamsCreated) -> list[str]:
        return [each.id for each in intents.list(params={"created": created}).data]

    assert found(at) == [made.id]
    assert found({"gte": at}) == [made.id]
    assert found({"lte": at}) == [made.id]
    assert found({"gt": at - 1, "lt": at + 1}) == [made.id]
    assert found({"gt": at}) == []
    assert found({"lt": at}) == []
    assert found(at + 1) == []
    assert found({"gte": at + 10, "lte": at - 10}) == []


def test_filters_stay_while_pages_are_turned(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create()
    hers = [
        client.v1.payment_intents.create(
            params={"amount": 500 + number, "currency": "usd", "customer": jenny.id}
        ).id
        for number in range(5)
    ]
    client.v1.payment_intents.create(params={"amount": 500, "currency": "usd"})

    page = client.v1.payment_intents.list(params={"customer": jenny.id, "limit": 2})

    assert [each.id for each in page.auto_paging_iter()] == hers[::-1]


def test_a_search_is_turned_page_by_page(client: stripe.StripeClient) -> None:
    hers = [
        client.v1.payment_intents.create(
            params={"amount": 500 + number, "currency": "usd", "metadata": {"shop": "tokyo"}}
        ).id
        for number in range(7)
    ]
    client.v1.payment_intents.create(params={"amount": 500, "currency": "usd", "metadata": {"shop": "oslo"}})

    page = client.v1.payment_intents.search(params={"query": "metadata['shop']:'tokyo'", "limit": 3})

    assert page.to_dict()["object"] == "search_result"
    assert page.to_dict()["url"] == "/v1/payment_intents/search"
    assert page.has_more is True
    assert page.next_page is not None
    assert [each.id for each in page.auto_paging_iter()] == hers[::-1]


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("status:'succeeded'", 2),
        ("amount>1000", 2),
        ("amount>=1000 AND amount<3000", 2),
        ("currency:'eur' OR amount:1000", 2),
        ("-currency:'usd'", 1),
        ("metadata['order']:'2'", 1),
        ("metadata['order']:null", 1),
        ("-metadata['order']:null", 2),
        ("status:'canceled'", 0),
    ],
)
def test_payments_are_searched(client: stripe.StripeClient, query: str, finds: int) -> None:
    paid(client, 1_000, metadata={"order": "1"})
    paid(client, 2_000, metadata={"order": "2"})
    client.v1.payment_intents.create(params={"amount": 3_000, "currency": "eur"})

    assert len(client.v1.payment_intents.search(params={"query": query}).data) == finds


@pytest.mark.parametrize(
    "query", ["", "colour:'red'", "status='x'", "a AND b OR c", "status:'succeeded' AND"]
)
def test_a_query_that_is_none_is_refused(client: stripe.StripeClient, query: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.search(params={"query": query})

    assert (refusal.value.http_status, refusal.value.param) == (400, "query")


def test_charges_are_searched(client: stripe.StripeClient) -> None:
    first = paid(client, 1_000, metadata={"order": "1"})
    paid(client, 2_000)

    found = client.v1.charges.search(params={"query": "amount<1500 AND status:'succeeded'"})

    assert [each.id for each in found.data] == [first.latest_charge]


def test_ids_are_expanded_on_retrieve(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create(params={"name": "Jenny"})
    made = paid(client, customer=jenny.id)
    assert made.customer == jenny.id

    intent = client.v1.payment_intents.retrieve(
        made.id, params={"expand": ["customer", "latest_charge", "payment_method"]}
    )

    assert isinstance(intent.customer, stripe.Customer)
    assert intent.customer.name == "Jenny"
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.payment_intent == intent.id
    assert isinstance(intent.payment_method, stripe.PaymentMethod)
    assert intent.payment_method.card is not None
    assert intent.payment_method.card.last4 == "4242"


def test_ids_are_expanded_on_create(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create(params={"name": "Jenny"})

    intent = paid(client, customer=jenny.id, expand=["customer", "latest_charge.payment_intent"])

    assert isinstance(intent.customer, stripe.Customer)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert isinstance(intent.latest_charge.payment_intent, stripe.PaymentIntent)
    assert intent.latest_charge.payment_intent.status == "succeeded"


def test_ids_are_expanded_in_lists(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create(params={"name": "Jenny"})
    for amount in (500, 600, 700):
        paid(client, amount, customer=jenny.id)

    page = client.v1.charges.list(params={"limit": 2, "expand": ["data.payment_intent", "data.customer"]})

    seen = list(page.auto_paging_iter())
    assert [each.amount for each in seen] == [700, 600, 500]
    assert all(isinstance(each.payment_intent, stripe.PaymentIntent) for each in seen)
    assert all(isinstance(each.customer, stripe.Customer) for each in seen)


def test_a_null_member_may_be_expanded(client: stripe.StripeClient) -> None:
    made = client.v1.payment_intents.create(
        params={"amount": 500, "currency": "usd", "expand": ["customer", "latest_charge", "payment_method"]}
    )

    assert (made.customer, made.latest_charge, made.payment_method) == (None, None, None)


def test_what_is_no_id_is_not_expanded(client: stripe.StripeClient) -> None:
    made = paid(client, customer=client.v1.customers.create().id)

    for wrong in ("amount", "colour", "customer.colour", "data.customer", "a.b.c.d.e"):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.payment_intents.retrieve(made.id, params={"expand": [wrong]})
        assert refusal.value.http_status == 400
        assert "expand" in str(error_of(refusal.value).message)
