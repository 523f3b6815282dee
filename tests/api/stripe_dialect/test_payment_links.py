"""Payment links over the wire, in process: what a merchant asks of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.told import told
from tests.support.gateway import Gateway
from tests.support.stripe_forms import form

LINKS = "/payment_links"
TEA = {"currency": "usd", "unit_amount": 1_250, "product_data": {"name": "Tea"}}
CUP = {"currency": "usd", "unit_amount": 300, "product_data": {"name": "Cup"}}
LINES = [{"price_data": TEA, "quantity": 2}]
DONE = {"type": "redirect", "redirect": {"url": "https://shop.example/done?id={CHECKOUT_SESSION_ID}"}}


async def linked(stripe: Stripe, **more: Any) -> dict[str, Any]:
    """A link that sells two teas."""
    return await stripe.post(LINKS, **{"line_items": LINES, **more})


async def test_a_link_is_active_and_has_every_member(stripe: Stripe) -> None:
    made = await linked(stripe)

    assert made["id"].startswith("plink_")
    assert made["url"] == f"http://localhost:8000/stripe/links/{made['id']}"
    assert (made["active"], made["currency"], made["livemode"]) == (True, "usd", False)
    assert made["after_completion"] == {
        "type": "hosted_confirmation",
        "hosted_confirmation": {"custom_message": None},
    }
    assert (made["customer_creation"], made["submit_type"], made["payment_method_types"]) == (
        *("if_required", "auto", None),
    )
    assert (made["payment_intent_data"], made["restrictions"], made["inactive_message"]) == (None,) * 3
    assert "line_items" not in made
    assert await stripe.get(f"{LINKS}/{made['id']}") == made


async def test_what_is_said_of_it_is_shown(stripe: Stripe) -> None:
    made = await linked(
        stripe,
        after_completion=DONE,
        allow_promotion_codes=False,
        automatic_tax={"enabled": False},
        billing_address_collection="required",
        currency="USD",
        customer_creation="always",
        inactive_message="Sold out",
        metadata={"campaign": "7"},
        payment_intent_data={"capture_method": "manual", "description": "Teas", "metadata": {"a": "b"}},
        payment_method_types=["card", "sepa_debit", "card"],
        restrictions={"completed_sessions": {"limit": 3}},
        submit_type="donate",
    )
    shown = {
        "after_completion": DONE,
        "billing_address_collection": "required",
        "customer_creation": "always",
        "inactive_message": "Sold out",
        "metadata": {"campaign": "7"},
        "payment_method_types": ["card", "sepa_debit"],
        "restrictions": {"completed_sessions": {"count": 0, "limit": 3}},
        "submit_type": "donate",
    }
    assert {name: made[name] for name in shown} == shown
    assert made["payment_intent_data"] == {
        "capture_method": "manual",
        "description": "Teas",
        "metadata": {"a": "b"},
        "setup_future_usage": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "transfer_group": None,
    }


async def test_its_lines_are_listed(stripe: Stripe) -> None:
    price = await stripe.post("/prices", currency="usd", unit_amount=300, product_data={"name": "Cup"})
    lines = [*LINES, {"price": price["id"], "quantity": 3}]
    made = await linked(stripe, line_items=lines, expand=["line_items"])
    path = f"{LINKS}/{made['id']}/line_items"

    assert [each["description"] for each in made["line_items"]["data"]] == ["Tea", "Cup"]
    assert made["line_items"]["data"][1]["price"] == price
    whole = await stripe.get(path)
    assert whole == made["line_items"]
    first = await stripe.get(path, limit=1)
    assert (first["has_more"], first["data"]) == (True, whole["data"][:1])
    rest = await stripe.get(path, starting_after=first["data"][0]["id"])
    assert (rest["has_more"], rest["data"]) == (False, whole["data"][1:])


async def test_what_is_given_is_changed_and_nothing_else(stripe: Stripe) -> None:
    lines = [*LINES, {"price_data": CUP, "quantity": 1}]
    made = await linked(
        stripe,
        line_items=lines,
        metadata={"a": "1", "b": "2"},
        payment_intent_data={
            "description": "Teas",
            "metadata": {"a": "1"},
            "setup_future_usage": "on_session",
        },
        payment_method_types=["card"],
        expand=["line_items"],
    )
    path = f"{LINKS}/{made['id']}"
    cup = made["line_items"]["data"][1]
    changed = await stripe.post(
        path,
        active=False,
        after_completion=DONE,
        inactive_message="Back soon",
        line_items=[{"id": cup["id"], "quantity": 4}],
        metadata={"a": "", "c": "3"},
        payment_intent_data={"description": "", "metadata": {"b": "2"}},
        payment_method_types="",
        restrictions={"completed_sessions": {"limit": 2}},
        expand=["line_items"],
    )
    lines_now = changed.pop("line_items")["data"]
    assert lines_now == [
        made.pop("line_items")["data"][0],
        {**cup, "quantity": 4, "amount_subtotal": 1_200, "amount_total": 1_200},
    ]
    assert changed == {
        **made,
        "active": False,
        "after_completion": DONE,
        "inactive_message": "Back soon",
        "metadata": {"b": "2", "c": "3"},
        "payment_intent_data": {
            **made["payment_intent_data"],
            "description": None,
            "metadata": {"b": "2"},
        },
        "payment_method_types": None,
        "restrictions": {"completed_sessions": {"count": 0, "limit": 2}},
    }
    back = await stripe.post(path, active=True, inactive_message="", restrictions="", after_completion=HERE)
    assert (back["active"], back["inactive_message"], back["restrictions"]) == (True, None, None)
    assert back["after_completion"] == HERE


HERE = {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "Thank you <all>"}}


async def test_lists_are_narrowed_and_paged(stripe: Stripe) -> None:
    made = [(await linked(stripe))["id"] for _ in range(3)]
    await stripe.post(f"{LINKS}/{made[1]}", active=False)

    async def ids(**narrowed: Any) -> list[str]:
        return [each["id"] for each in (await stripe.get(LINKS, **narrowed))["data"]]

    assert await ids() == made[::-1]
    assert await ids(active=True) == [made[2], made[0]]
    assert await ids(active=False) == [made[1]]
    assert await ids(limit=1, starting_after=made[2]) == [made[1]]
    assert await ids(ending_before=made[1]) == [made[2]]


async def test_links_are_their_merchants_own(gateway: Gateway, stripe: Stripe) -> None:
    made = await linked(stripe)
    headers = {"Authorization": "Bearer sk_test_of_somebody_else"}

    for method, path in (*(("GET", ""), ("POST", ""), ("GET", "/line_items")),):
        error = await stripe.refused(method, f"{LINKS}/{made['id']}{path}", 404, headers=headers)
        assert (error["code"], error["param"]) == ("resource_missing", "payment_link")
    assert (await stripe.get(LINKS, headers=headers))["data"] == []
    error = await stripe.refused("GET", "/checkout/sessions", payment_link=made["id"], headers=headers)
    assert (error["code"], error["param"]) == ("resource_missing", "payment_link")


async def test_events_tell_of_it_and_of_what_was_changed(gateway: Gateway, stripe: Stripe) -> None:
    made = await linked(stripe)
    changed = await stripe.post(
        f"{LINKS}/{made['id']}",
        active=False,
        metadata={"a": "b"},
        restrictions={"completed_sessions": {"limit": 1}},
    )

    events = await told(gateway)
    assert [each["type"] for each in events] == [
        *("product.created", "price.created", "payment_link.created", "payment_link.updated"),
    ]
    assert events[2]["data"] == {"object": made}
    assert events[3]["data"] == {
        "object": changed,
        "previous_attributes": {"active": True, "metadata": {"a": None}, "restrictions": None},
    }
    if stripe.judge is not None:
        assert [stripe.judge.event_problems(each) for each in events] == [[]] * 4


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"line_items": None}, "line_items"),
        ({"line_items": LINES * 21}, "line_items"),
        ({"line_items": [{"price_data": TEA}]}, "line_items[0][quantity]"),
        ({"line_items": [{"price_data": TEA, "quantity": 0}]}, "line_items[0][quantity]"),
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "line_items[0][price]"),
        ({"line_items": [{"quantity": 1}]}, "line_items[0][price]"),
        ({"line_items": [{"price_data": TEA, "quantity": 99_999}]}, "line_items"),
        ({"line_items": [{"price_data": {**TEA, "unit_amount": 10}, "quantity": 1}]}, "line_items"),
        (
            {"line_items": [{**LINES[0], "adjustable_quantity": {"enabled": True}}]},
            "line_items[0][adjustable_quantity]",
        ),
        (
            {"line_items": [{"price_data": {**TEA, "recurring": {"interval": "month"}}, "quantity": 1}]},
            "line_items[0]",
        ),
        ({"currency": "eur"}, "currency"),
        ({"after_completion": {"type": "redirect"}}, "after_completion[redirect]"),
        (
            {"after_completion": {"type": "redirect", "redirect": {"url": "javascript:alert(1)"}}},
            "after_completion[redirect][url]",
        ),
        ({"after_completion": {**DONE, "type": "hosted_confirmation"}}, "after_completion[redirect]"),
        (
            {"after_completion": {**DONE, "hosted_confirmation": {"custom_message": "Thanks"}}},
            "after_completion[hosted_confirmation]",
        ),
        ({"after_completion": {"type": "nowhere"}}, "after_completion[type]"),
        ({"restrictions": {"completed_sessions": {"limit": 0}}}, "restrictions[completed_sessions][limit]"),
        (
            {"restrictions": {"completed_sessions": {"limit": 2**40}}},
            "restrictions[completed_sessions][limit]",
        ),
        (
            {"restrictions": {"completed_sessions": {"limit": "few"}}},
            "restrictions[completed_sessions][limit]",
        ),
        ({"inactive_message": "x" * 501}, "inactive_message"),
        ({"payment_method_types": ["card", "sofort"]}, "payment_method_types[1]"),
        ({"payment_intent_data": {"receipt_email": "kim@example.com"}}, "payment_intent_data[receipt_email]"),
        ({"automatic_tax": {"enabled": True}}, "automatic_tax"),
        ({"tax_id_collection": {"enabled": True}}, "tax_id_collection"),
        ({"shipping_options": [{"shipping_rate": "shr_1"}]}, "shipping_options"),
        ({"subscription_data": {"trial_period_days": 7}}, "subscription_data"),
        ({"optional_items": [{"price": "price_1", "quantity": 1}]}, "optional_items"),
        ({"custom_fields": [{"key": "size"}]}, "custom_fields"),
        ({"transfer_data": {"destination": "acct_1"}}, "transfer_data"),
        ({"active": False}, "active"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_name(
    stripe: Stripe, given: dict[str, Any], param: str
) -> None:
    error = await stripe.refused("POST", LINKS, **{"line_items": LINES, **given})
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert (await stripe.get(LINKS))["data"] == []


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"line_items": [{"id": "li_none", "quantity": 1}]}, "line_items[0][id]"),
        ({"line_items": [{"quantity": 1}]}, "line_items[0][id]"),
        ({"line_items": [{"id": "", "quantity": 10**9}]}, "line_items[0][quantity]"),
        ({"line_items": [{"id": "", "quantity": 99_999}]}, "line_items"),
        (
            {"line_items": [{"id": "", "adjustable_quantity": {"enabled": True}}]},
            "line_items[0][adjustable_quantity]",
        ),
        ({"payment_intent_data": {"capture_method": "manual"}}, "payment_intent_data[capture_method]"),
        ({"currency": "eur"}, "currency"),
        ({"custom_text": {"submit": {"message": "Now"}}}, "custom_text"),
    ],
)
async def test_what_it_cannot_become_is_refused_by_its_name(
    stripe: Stripe, given: dict[str, Any], param: str
) -> None:
    made = await linked(stripe, expand=["line_items"])
    (line,) = made.pop("line_items")["data"]
    for each in given.get("line_items", ()):
        given = {**given, "line_items": [{**each, **({"id": line["id"]} if each.get("id") == "" else {})}]}
    error = await stripe.refused("POST", f"{LINKS}/{made['id']}", **given)
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert await stripe.get(f"{LINKS}/{made['id']}") == made


async def test_a_repeated_request_makes_one_link(stripe: Stripe) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await linked(stripe, headers=headers)
    assert await linked(stripe, headers=headers) == first
    assert len((await stripe.get(LINKS))["data"]) == 1


async def test_a_public_key_sells_nothing(stripe: Stripe) -> None:
    headers = {"Authorization": "Bearer pk_test_of_this_test"}
    answer = await stripe.client.post(f"/v1{LINKS}", data=form({"line_items": LINES}), headers=headers)
    assert answer.status_code == 401
