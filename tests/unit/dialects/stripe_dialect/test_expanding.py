"""`expand[]`: ids become objects, and what cannot be expanded is refused."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.dialects.stripe.expanding import LEVELS_MAX, PATHS_MAX, NotExpandableError, expand

Object = dict[str, Any]

EXPANDABLE = {
    ("balance_transaction", "source"): "charge",
    ("charge", "customer"): "customer",
    ("charge", "payment_intent"): "payment_intent",
    ("customer", "default_source"): "card",
    ("customer", "invoice_settings.default_payment_method"): "payment_method",
    ("invoice", "discounts"): "discount",
    ("payment_intent", "customer"): "customer",
    ("payment_intent", "latest_charge"): "charge",
    ("payment_intent", "payment_method"): "payment_method",
    ("payment_method", "customer"): "customer",
    ("price", "currency_options"): "currency_option",
    ("price", "product"): "product",
    ("refund", "charge"): "charge",
}
INTENT: Object = {
    "id": "pi_1",
    "object": "payment_intent",
    "amount": 1000,
    "customer": "cus_1",
    "latest_charge": "ch_1",
    "metadata": {},
    "payment_method": None,
}
CUSTOMER: Object = {
    "id": "cus_1",
    "object": "customer",
    "default_source": "card_1",
    "invoice_settings": {"default_payment_method": "pm_1", "footer": None},
    "shipping": None,
}
STORED: dict[tuple[str, str], Object] = {
    ("customer", "cus_1"): CUSTOMER,
    ("customer", "cus_gone"): {"id": "cus_gone", "object": "customer", "deleted": True},
    ("charge", "ch_1"): {"id": "ch_1", "object": "charge", "customer": "cus_1", "payment_intent": "pi_1"},
    ("charge", "re_1"): {"id": "re_1", "object": "refund", "charge": "ch_1"},
    ("payment_intent", "pi_1"): INTENT,
    ("payment_method", "pm_1"): {"id": "pm_1", "object": "payment_method", "customer": "cus_1"},
    ("card", "card_1"): {"id": "card_1", "object": "card"},
    ("discount", "di_1"): {"id": "di_1", "object": "discount"},
    ("product", "prod_1"): {"id": "prod_1", "object": "product"},
}


class Store:
    """What there is to fetch; counts what was asked for."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self.asked_members: Counter[tuple[str, str]] = Counter()

    async def fetch(self, kind: str, object_id: str) -> Object | None:
        """An object; always the same one, as a cache would give it."""
        self.asked[kind, object_id] += 1
        return STORED.get((kind, object_id))

    async def fetch_member(self, parent: Object, name: str) -> Object:
        """A list with one thing in it."""
        self.asked_members[parent["id"], name] += 1
        refund = {"id": "re_1", "object": "refund", "charge": parent["id"]}
        return listed(refund)


def listed(*data: Object) -> Object:
    """A list, as the API shows it."""
    return {"object": "list", "data": list(data), "has_more": False, "url": "/v1/things"}


async def expanded(content: Object, *paths: str, store: Store | None = None) -> Object:
    """This object with these paths expanded."""
    store = store or Store()
    return await expand(
        content,
        paths,
        fetch=store.fetch,
        fetch_member=store.fetch_member,
        expandable=lambda name, property_: EXPANDABLE.get((name, property_)),
    )


async def refusal(content: Object, *paths: str) -> NotExpandableError:
    """Why paths cannot be expanded."""
    with pytest.raises(NotExpandableError) as refused:
        await expanded(content, *paths)
    return refused.value


async def test_an_id_becomes_the_object() -> None:
    assert (await expanded(INTENT, "customer"))["customer"] == CUSTOMER


async def test_without_paths_all_stays() -> None:
    assert await expanded(INTENT) == INTENT


async def test_neither_what_is_expanded_nor_what_is_fetched_is_changed() -> None:
    before = copy.deepcopy((INTENT, STORED))
    shown = await expanded(INTENT, "customer.default_source", "latest_charge.customer")
    shown["customer"]["invoice_settings"]["footer"] = "changed"
    assert before == (INTENT, STORED)


async def test_a_path_goes_through_four_levels() -> None:
    shown = await expanded(INTENT, "latest_charge.payment_intent.customer.default_source")
    intent = shown["latest_charge"]["payment_intent"]
    assert intent["customer"]["default_source"] == STORED["card", "card_1"]


async def test_a_fifth_level_is_refused() -> None:
    error = await refusal(INTENT, "latest_charge.payment_intent.latest_charge.customer.default_source")
    assert error.message == f"You cannot expand more than {LEVELS_MAX} levels of a property."
    assert error.param == "expand"


async def test_a_part_without_a_name_belongs_to_the_object_around_it() -> None:
    shown = await expanded(CUSTOMER, "invoice_settings.default_payment_method.customer")
    assert shown["invoice_settings"]["default_payment_method"]["customer"] == CUSTOMER


async def test_paths_that_share_a_beginning_are_all_expanded() -> None:
    shown = await expanded(INTENT, "customer", "customer.default_source", "latest_charge.customer")
    assert shown["customer"]["default_source"] == STORED["card", "card_1"]
    assert shown["latest_charge"]["customer"]["default_source"] == "card_1"


async def test_the_elements_of_a_list_are_expanded() -> None:
    shown = await expanded(listed(INTENT, {**INTENT, "customer": None}), "data.customer")
    assert [each["customer"] for each in shown["data"]] == [CUSTOMER, None]


async def test_each_id_is_fetched_once() -> None:
    store = Store()
    page = listed(*(INTENT for _ in range(100)))
    await expanded(page, "data.customer", "data.customer", "data.latest_charge.customer", store=store)
    assert store.asked == {("customer", "cus_1"): 1, ("charge", "ch_1"): 1}


async def test_an_id_that_leads_to_nothing_is_fetched_once_and_stays() -> None:
    store = Store()
    intent = {**INTENT, "customer": "cus_2"}
    shown = await expanded(listed(intent, intent), "data.customer.default_source", store=store)
    assert [each["customer"] for each in shown["data"]] == ["cus_2", "cus_2"]
    assert store.asked == {("customer", "cus_2"): 1}


async def test_ids_in_an_array_become_objects() -> None:
    shown = await expanded({"object": "invoice", "discounts": ["di_1", "di_2"]}, "discounts")
    assert shown["discounts"] == [STORED["discount", "di_1"], "di_2"]


async def test_a_list_inside_an_object_is_gone_through() -> None:
    price = {"id": "price_1", "object": "price", "product": "prod_1"}
    session = {"object": "checkout.session", "line_items": listed({"object": "item", "price": price})}
    shown = await expanded(session, "line_items.data.price.product")
    assert shown["line_items"]["data"][0]["price"]["product"] == STORED["product", "prod_1"]


@pytest.mark.parametrize(
    "path", ["payment_method", "payment_method.customer", "payment_method.customer.default_source"]
)
async def test_null_stays(path: str) -> None:
    assert await expanded(INTENT, path) == INTENT


async def test_a_part_that_is_null_ends_a_path() -> None:
    assert await expanded(CUSTOMER, "shipping.carrier") == CUSTOMER


async def test_an_empty_list_takes_any_path() -> None:
    assert await expanded(listed(), "data.anything.at_all") == listed()


async def test_an_expandable_member_that_is_not_shown_is_accepted() -> None:
    price = {"id": "price_1", "object": "price"}
    assert await expanded(price, "currency_options") == price


async def test_a_list_that_is_there_whole_is_accepted() -> None:
    subscription = {"id": "sub_1", "object": "subscription", "items": listed()}
    assert await expanded(subscription, "items") == subscription


@pytest.mark.parametrize(
    ("object_name", "name"),
    [
        ("charge", "refunds"),
        ("checkout.session", "line_items"),
        ("customer", "invoice_credit_balance"),
        ("customer", "sources"),
        ("customer", "subscriptions"),
        ("customer", "tax_ids"),
        ("payment_link", "line_items"),
    ],
)
async def test_a_member_appears_when_it_is_expanded(object_name: str, name: str) -> None:
    shown = await expanded({"id": "it_1", "object": object_name}, name)
    assert shown[name] == listed({"id": "re_1", "object": "refund", "charge": "it_1"})


async def test_a_path_goes_on_inside_such_a_member() -> None:
    store = Store()
    shown = await expanded(INTENT, "latest_charge.refunds.data.charge", "latest_charge.refunds", store=store)
    assert shown["latest_charge"]["refunds"]["data"][0]["charge"] == STORED["charge", "ch_1"]
    assert store.asked_members == {("ch_1", "refunds"): 1}


async def test_a_member_of_a_part_is_none_of_the_object() -> None:
    error = await refusal({"object": "customer", "shipping": {"carrier": "x"}}, "shipping.sources")
    assert error.message == "This property cannot be expanded (shipping.sources)."


async def test_what_is_left_of_a_deleted_object_has_no_members() -> None:
    store = Store()
    intent = {**INTENT, "customer": "cus_gone"}
    shown = await expanded(intent, "customer.sources", "customer.default_source", store=store)
    assert shown["customer"] == STORED["customer", "cus_gone"]
    assert not store.asked_members


@pytest.mark.parametrize(
    "path",
    [
        "amount",
        "metadata",
        "missing",
        "amount.customer",
        "metadata.customer",
        "missing.customer",
        "customer.missing",
        "customer.invoice_settings.footer",
        "data.customer",
        "Customer",
        "__class__",
        "",
        ".",
        "customer.",
        ".customer",
        "customer..default_source",
    ],
)
async def test_what_cannot_be_expanded_is_refused(path: str) -> None:
    error = await refusal(INTENT, path)
    assert error.message == f"This property cannot be expanded ({path})."
    assert error.param == "expand"


@pytest.mark.parametrize("object_name", ["list", "search_result"])
async def test_on_a_list_the_refusal_tells_of_data(object_name: str) -> None:
    error = await refusal({**listed(INTENT), "object": object_name}, "customer")
    assert error.message == (
        "This property cannot be expanded (customer). You may want to try expanding 'data.customer' instead."
    )


async def test_a_path_needs_to_fit_one_of_the_objects_it_reaches() -> None:
    moved = [{"object": "balance_transaction", "source": each} for each in ("ch_1", "re_1", None)]
    shown = await expanded(listed(*moved), "data.source.charge", "data.source.payment_intent")
    charge, refund, none = (each["source"] for each in shown["data"])
    assert charge["payment_intent"] == INTENT
    assert refund["charge"] == STORED["charge", "ch_1"]
    assert none is None


async def test_a_path_that_fits_none_of_them_is_refused() -> None:
    moved = [{"object": "balance_transaction", "source": each} for each in ("ch_1", "re_1")]
    error = await refusal(listed(*moved), "data.source.missing")
    assert error.message == "This property cannot be expanded (data.source.missing)."


async def test_paths_have_a_bound() -> None:
    await expanded(listed(), *["data.a"] * (PATHS_MAX + 1))
    error = await refusal(listed(), *(f"data.{number}" for number in range(PATHS_MAX + 1)))
    assert error.message == f"You cannot expand more than {PATHS_MAX} properties at once."


async def test_a_long_path_is_not_told_back_whole() -> None:
    assert len((await refusal(INTENT, "a" * 5000)).message) < 200


NAMES = st.sampled_from(["data", "object", "customer", "refunds", "latest_charge", "charge", "metadata", ""])


@given(st.lists(st.lists(NAMES | st.text(max_size=4), max_size=6).map(".".join), max_size=4))
async def test_whatever_is_asked_is_expanded_or_refused(paths: list[str]) -> None:
    content = listed(INTENT, CUSTOMER)
    try:
        shown = await expanded(content, *paths)
    except NotExpandableError as refused:
        told = refused.message
    else:
        assert [each["id"] for each in shown["data"]] == ["pi_1", "cus_1"]
        return
    # It goes into an answer, which is UTF-8.
    assert told.encode()
