"""Disputes: /v1/disputes. Source: Stripe API reference, "Disputes", read 2026-11-20."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing
from kessai.dialects.stripe.facts import masked, metadata_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.dispute import EVIDENCE
from kessai.dialects.stripe.objects.dispute import dispute as shown
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.routes.charges import charged
from kessai.dialects.stripe.shape import list_object
from kessai.domain.dispute import Dispute
from kessai.domain.errors import ConflictError
from kessai.domain.intent import Intent
from kessai.http.call import Call

routes: Final = StripeRoutes()
_EVIDENCE: Final = " ".join(f"evidence.{name}" for name in EVIDENCE)


@routes.get("/v1/disputes/{dispute}")
async def retrieve_dispute(call: Call, given: Given, dispute: str) -> Result:
    """A dispute."""
    return Result(shown(await _found(call, dispute)))


@routes.post("/v1/disputes/{dispute}", f"{_EVIDENCE} metadata submit")
async def update_dispute(call: Call, given: Given, dispute: str) -> Result:
    """Keep evidence, and send it in unless `submit` is false."""
    return await _answered(call, given, await _found(call, dispute))


@routes.post("/v1/disputes/{dispute}/close")
async def close_dispute(call: Call, given: Given, dispute: str) -> Result:
    """Give in: it is lost."""
    return _closed(call, await _found(call, dispute))


@routes.get("/v1/charges/{charge}/dispute")
async def retrieve_charge_dispute(call: Call, given: Given, charge: str) -> Result:
    """The first dispute of a charge, by its older path."""
    return Result(shown(await _of_charge(call, charge)))


@routes.post("/v1/charges/{charge}/dispute", f"{_EVIDENCE} metadata submit")
async def update_charge_dispute(call: Call, given: Given, charge: str) -> Result:
    """The same as of a dispute."""
    return await _answered(call, given, await _of_charge(call, charge))


@routes.post("/v1/charges/{charge}/dispute/close")
async def close_charge_dispute(call: Call, given: Given, charge: str) -> Result:
    """The same as of a dispute."""
    return _closed(call, await _of_charge(call, charge))


@routes.get("/v1/disputes", f"{PAGED} created charge payment_intent")
async def list_disputes(call: Call, given: Given) -> Result:
    """Newest first."""
    payment_id: str | None = None
    if given.get("charge"):
        payment_id = (await charged(call, given["charge"], status=400)).id
    if given.get("payment_intent"):
        intent: Intent | None = await find(call, "payment_intent", given["payment_intent"])
        if intent is None:
            raise missing("payment_intent", given["payment_intent"], param="payment_intent")
        if intent.charged_id is None or payment_id not in (None, intent.charged_id):
            return Result(list_object("/v1/disputes", [], has_more=False))
        payment_id = intent.charged_id
    wanted = await wanted_of(call, given, "dispute", owner_id=payment_id)
    found = await call.services.disputes.list(call.merchant.id, wanted, limit=limit_of(given))
    return Result(page_of(call, given, "/v1/disputes", "dispute", found))


async def _answered(call: Call, given: Given, known: Dispute) -> Result:
    evidence: dict[str, Any] = {**known.evidence, **masked(given.get("evidence") or {})}
    try:
        changed, change = await call.services.disputes.answer(
            known,
            {name: each for name, each in evidence.items() if each is not None},
            metadata_of(given, known.metadata),
            submit=given.get("submit", bool(given.get("evidence"))),
            at=call.now,
        )
    except ConflictError:
        raise _refused(known) from None
    return Result(shown(changed), change)


def _closed(call: Call, known: Dispute) -> Result:
    try:
        closed, change = call.services.disputes.close(known, at=call.now)
    except ConflictError:
        raise _refused(known) from None
    return Result(shown(closed), change)


async def _of_charge(call: Call, charge_id: str) -> Dispute:
    dispute_id = (await charged(call, charge_id)).charge_details.dispute_id
    if dispute_id is None:
        raise missing("dispute for charge", charge_id, param="charge", status=404)
    return await call.services.disputes.get(call.merchant.id, dispute_id)


async def _found(call: Call, dispute_id: str) -> Dispute:
    found: Dispute | None = await find(call, "dispute", dispute_id)
    if found is None:
        raise missing("dispute", dispute_id, param="dispute", status=404)
    return found


def _refused(dispute: Dispute) -> StripeError:
    if dispute.is_closed:
        return StripeError("This dispute is already closed.", is_kept=True)
    return StripeError("The evidence of this dispute was already submitted.", is_kept=True)
