"""Early fraud warnings: /v1/radar/early_fraud_warnings, of payments with the test card for them.

Source: Stripe API reference, "Early Fraud Warnings", read 2026-11-20.
"""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import missing
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.early_fraud_warning import early_fraud_warning as shown
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.routes.charges import charged
from kessai.domain.intent import Intent
from kessai.domain.payment import Payment
from kessai.http.call import Call
from kessai.simulation.warnings import is_warned_of

routes: Final = StripeRoutes()
_KIND: Final = "radar.early_fraud_warning"
_URL: Final = "/v1/radar/early_fraud_warnings"


@routes.get(f"{_URL}/{{early_fraud_warning}}")
async def retrieve_early_fraud_warning(call: Call, given: Given, early_fraud_warning: str) -> Result:
    """The warning of a payment."""
    found: Payment | None = await find(call, _KIND, early_fraud_warning)
    if found is None:
        raise missing("early fraud warning", early_fraud_warning, param="early_fraud_warning", status=404)
    return Result(shown(found))


@routes.get(_URL, f"{PAGED} created charge payment_intent")
async def list_early_fraud_warnings(call: Call, given: Given) -> Result:
    """Newest first, by when the payments were made."""
    wanted = await wanted_of(call, given, _KIND)
    charge_id = (await charged(call, given["charge"], status=400)).id if given.get("charge") else None
    intent_id = None
    if given.get("payment_intent"):
        intent: Intent | None = await find(call, "payment_intent", given["payment_intent"])
        if intent is None:
            raise missing("payment_intent", given["payment_intent"], param="payment_intent")
        intent_id = intent.id
    found = await call.services.payments.tries(
        call.merchant.id,
        wanted,
        intent_id=intent_id,
        limit=limit_of(given),
        where=lambda each: is_warned_of(each) and charge_id in (None, each.id),
    )
    return Result(page_of(call, given, _URL, _KIND, found))
