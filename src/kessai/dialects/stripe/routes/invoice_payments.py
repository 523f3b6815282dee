"""Invoice payments: /v1/invoice_payments.

Source: Stripe API reference, "Invoice Payments", read 2026-11-27.
"""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.paging import PAGED, limit_of
from kessai.dialects.stripe.shape import list_object
from kessai.http.call import Call

routes: Final = StripeRoutes()


@routes.get("/v1/invoice_payments", f"{PAGED} created invoice payment status")
async def list_invoice_payments(call: Call, given: Given) -> Result:
    """No invoice was paid: invoices are not simulated. pay-rails asks for those of every charge."""
    limit_of(given)
    return Result(list_object("/v1/invoice_payments", [], has_more=False))
