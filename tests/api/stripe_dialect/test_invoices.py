"""Where there would be invoices, there are none: what applications ask for without having any."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.stripe_dialect.conftest import Stripe


@pytest.mark.parametrize("path", ["/customers", "/customers/{id}"])
async def test_a_customer_has_no_balance_of_invoices(stripe: Stripe, path: str) -> None:
    made = await stripe.post("/customers")
    wanted = ["tax", "invoice_credit_balance"]

    shown = await stripe.post(path.format(id=made["id"]), expand=wanted)

    assert shown["invoice_credit_balance"] == {}
    assert (await stripe.get(f"/customers/{made['id']}", expand=wanted))["invoice_credit_balance"] == {}
    assert "invoice_credit_balance" not in made


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"invoice": "in_1"},
        {"payment": {"type": "payment_intent", "payment_intent": "pi_1"}, "status": "paid"},
        {"created": {"gte": 1}, "limit": 3, "starting_after": "inpay_1"},
    ],
)
async def test_no_invoice_was_paid(stripe: Stripe, filters: dict[str, Any]) -> None:
    found = await stripe.get("/invoice_payments", expand=["data.invoice"], **filters)

    assert found == {"object": "list", "data": [], "has_more": False, "url": "/v1/invoice_payments"}
