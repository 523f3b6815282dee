"""What else Stripe's library for Python can be told: raw requests, versions, accounts, keys, threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.conformance.flows import ClientOf, paid, payment
from tests.support.server import RunningServer


def test_a_raw_request_is_answered(client: stripe.StripeClient) -> None:
    answer = client.raw_request("post", "/v1/customers", name="Jenny", metadata={"plan": "gold"})
    assert answer.code == 200

    customer = client.deserialize(answer, api_mode="V1")

    assert isinstance(customer, stripe.Customer)
    assert customer.metadata is not None
    assert customer.metadata["plan"] == "gold"
    assert client.raw_request("get", f"/v1/customers/{customer.id}").data["name"] == "Jenny"


def test_the_version_of_the_library_is_answered(client: stripe.StripeClient) -> None:
    intent = paid(client)

    assert intent.last_response is not None
    assert intent.last_response.headers["Stripe-Version"] == stripe.api_version
    assert intent.last_response.request_id is not None
    assert intent.last_response.request_id.startswith("req_")


@pytest.mark.parametrize("version", ["2022-11-15", "2024-06-20", "2025-03-31.basil"])
def test_an_older_version_is_pinned(client_of: ClientOf, key: str, version: str) -> None:
    customer = client_of(key, stripe_version=version).v1.customers.create()

    assert customer.last_response is not None
    assert customer.last_response.headers["Stripe-Version"] == version


def test_a_version_is_pinned_for_one_request(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(options={"stripe_version": "2023-10-16"})

    assert customer.last_response is not None
    assert customer.last_response.headers["Stripe-Version"] == "2023-10-16"


def test_a_connected_account_has_things_of_its_own(client: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"stripe_account": "acct_1ConnectedAccount0"}
    theirs = client.v1.customers.create(params={"name": "Theirs"}, options=options)
    ours = client.v1.customers.create(params={"name": "Ours"})

    assert [each.id for each in client.v1.customers.list(options=options).data] == [theirs.id]
    assert [each.id for each in client.v1.customers.list().data] == [ours.id]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.retrieve(theirs.id)


def test_a_client_of_a_connected_account_pays_there(client_of: ClientOf, key: str) -> None:
    theirs = client_of(key, stripe_account="acct_1ConnectedAccount0")
    intent = paid(theirs)

    assert [each.id for each in theirs.v1.payment_intents.list().data] == [intent.id]
    assert client_of(key).v1.payment_intents.list().data == []


def test_a_browser_confirms_with_a_public_key(
    client: stripe.StripeClient, client_of: ClientOf, key: str
) -> None:
    browser = client_of(key.replace("sk_", "pk_"))
    intent = client.v1.payment_intents.create(
        params={"amount": 2_000, "currency": "usd", "allowed_payment_method_types": ["card"]}
    )
    assert intent.client_secret is not None

    seen = browser.v1.payment_intents.retrieve(intent.id, params={"client_secret": intent.client_secret})
    assert seen.status == "requires_payment_method"
    confirmed = browser.raw_request(
        "post",
        f"/v1/payment_intents/{intent.id}/confirm",
        client_secret=intent.client_secret,
        payment_method="pm_card_visa",
    )
    assert confirmed.data["status"] == "succeeded"
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_browser_needs_the_secret_of_the_payment(
    client: stripe.StripeClient, client_of: ClientOf, key: str
) -> None:
    browser = client_of(key.replace("sk_", "pk_"))
    mine = client.v1.payment_intents.create(params={"amount": 2_000, "currency": "usd"})
    other = client.v1.payment_intents.create(params={"amount": 3_000, "currency": "usd"})
    assert other.client_secret is not None

    with pytest.raises(stripe.InvalidRequestError):
        browser.v1.payment_intents.retrieve(mine.id)
    with pytest.raises(stripe.InvalidRequestError):
        browser.v1.payment_intents.retrieve(mine.id, params={"client_secret": other.client_secret})


def test_a_restricted_key_works(client_of: ClientOf, key: str) -> None:
    assert paid(client_of(key.replace("sk_", "rk_"))).status == "succeeded"


def test_the_api_is_reached_below_a_name_too(
    client: stripe.StripeClient, client_of: ClientOf, stripe_server: RunningServer, key: str
) -> None:
    named = client_of(key, base_addresses={"api": f"{stripe_server.base_url}/stripe"})

    intent = paid(named)

    assert client.v1.payment_intents.retrieve(intent.id).id == intent.id


def test_text_of_any_kind_comes_back(client: stripe.StripeClient) -> None:
    texts = {
        "japanese": "決済 & テスト",
        "emoji": "🍣+🍺=100%",
        "form": "a=b&c=d;e[f]=g",
        "space": "two  spaces + plus",
        "quotes": "\"double\" 'single' \\ back",
        "lines": "one\ntwo",
    }

    made = client.v1.customers.create(params={"name": "Zoë 😀", "metadata": texts})

    found = client.v1.customers.retrieve(made.id)
    assert found.name == "Zoë 😀"
    assert found.metadata is not None
    assert found.metadata.to_dict() == texts


def test_threads_share_a_client(client: stripe.StripeClient) -> None:
    with ThreadPoolExecutor(8) as threads:
        intents = list(threads.map(lambda number: paid(client, 500 + number), range(24)))

    assert {each.status for each in intents} == {"succeeded"}
    listed = client.v1.payment_intents.list(params={"limit": 100}).data
    assert sorted(each.amount for each in listed) == list(range(500, 524))


def test_threads_with_one_key_pay_once(client_of: ClientOf, key: str) -> None:
    client = client_of(key, max_network_retries=3)

    def pay(_: int) -> str:
        return client.v1.payment_intents.create(
            params=payment(2_000), options={"idempotency_key": "order-1"}
        ).id

    with ThreadPoolExecutor(6) as threads:
        ids = set(threads.map(pay, range(6)))

    assert len(ids) == 1
    assert len(client.v1.charges.list().data) == 1


def test_a_restart_forgets_nothing(client: stripe.StripeClient, client_of: ClientOf, key: str) -> None:
    intent = paid(client)

    # a client made anew knows nothing of the first one
    assert client_of(key).v1.payment_intents.retrieve(intent.id) == intent
