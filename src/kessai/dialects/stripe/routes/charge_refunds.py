"""Refunds below their charge: /v1/charges/{charge}/refund and /refunds.

Source: the paths of Stripe's OpenAPI document, read 2026-11-26; the reference has them no more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import missing
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.charge import charge as charge_object
from kessai.dialects.stripe.objects.refund import refund as shown
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.routes.charges import charged
from kessai.dialects.stripe.routes.refunds import refunded, update_refund
from kessai.domain.refund import Refund
from kessai.http.call import Call

routes: Final = StripeRoutes()
_ASKED: Final = "amount reason metadata instructions_email"


@routes.post("/v1/charges/{charge}/refund", _ASKED)
async def refund_charge(call: Call, given: Given, charge: str) -> Result:
    """Give back some or all of a charge, and show the charge."""
    payment = await charged(call, charge)
    result = await refunded(call, given, payment)
    after = result.change.payment if result.change else None
    return replace(result, content=charge_object(after or payment, call.services.public_url))


@routes.post("/v1/charges/{charge}/refunds", _ASKED)
async def create_charge_refund(call: Call, given: Given, charge: str) -> Result:
    """The same, and show the refund."""
    return await refunded(call, given, await charged(call, charge))


@routes.get("/v1/charges/{charge}/refunds", PAGED)
async def list_charge_refunds(call: Call, given: Given, charge: str) -> Result:
    """A charge's refunds, newest first."""
    payment = await charged(call, charge)
    found = await call.services.refunds.list(
        call.merchant.id,
        await wanted_of(call, given, "refund"),
        payment_id=payment.id,
        limit=limit_of(given),
    )
    return Result(page_of(call, given, f"/v1/charges/{charge}/refunds", "refund", found))


@routes.get("/v1/charges/{charge}/refunds/{refund}")
async def retrieve_charge_refund(call: Call, given: Given, charge: str, refund: str) -> Result:
    """One of them."""
    return Result(shown(await _found(call, charge, refund), call.services.public_url))


@routes.post("/v1/charges/{charge}/refunds/{refund}", "metadata")
async def update_charge_refund(call: Call, given: Given, charge: str, refund: str) -> Result:
    """Change its metadata."""
    await _found(call, charge, refund)
    return await update_refund(call, given, refund)


async def _found(call: Call, charge: str, name: str) -> Refund:
    payment = await charged(call, charge)
    found: Refund | None = await find(call, "refund", name)
    if found is None or found.payment_id != payment.id:
        raise missing("refund", name, param="refund", status=404)
    return found
