"""The question every integrator asks: why does this webhook not verify? Declared, the exchange runs it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from kessai.dialects.native.errors import writing
from kessai.dialects.native.examples import answers, asks
from kessai.dialects.native.verification import Message, Verdict, event_ids, verify
from kessai.dialects.native.verification_schemas import VerifiedOut, VerifyIn
from kessai.dialects.native.webhook_examples import RECEIVED, VERIFIED
from kessai.http.call import Call, Reply
from kessai.http.routes import Router

router: Final = Router(tags=["webhooks"])


@router.post(
    "/webhooks/verify",
    operation_id="verify_webhook",
    summary="Say whether a webhook verifies, and why not",
    response_model=VerifiedOut,
    responses={**writing("NOT_FOUND"), **answers(200, VERIFIED)},
    openapi_extra=asks(
        with_a_secret={**RECEIVED, "secret": "topsecret"},
        with_an_endpoint={**RECEIVED, "endpoint_id": "0199d3c2-5f00-7000-8000-0000000000e1"},
    ),
)
async def verify_webhook(call: Call, body: VerifyIn) -> Reply:
    """Step by step, for each scheme whose headers are there: our own, Standard Webhooks, Stripe, Razorpay.

    Nothing is stored, and the secret is in no answer. A message that does not verify is a good question:
    the answer is 200, too.
    """
    message = _message(call, body)
    evidence = await call.services.verification.evidence(
        call.merchant.id,
        event_ids(message.headers),
        secret=body.secret,
        endpoint_id=body.endpoint_id,
        at=call.now,
    )
    # Secret, because parts of the body may be in it: with an idempotency key it is stored.
    return Reply(200, _verified_out(verify(message, evidence)), is_secret=True)


def _message(call: Call, body: VerifyIn) -> Message:
    return Message(
        body=body.body.encode(),
        headers=[(each.name, each.value) for each in body.headers],
        at=body.received_at or call.now,
        tolerance=timedelta(seconds=body.tolerance_s),
    )


def _verified_out(verdicts: tuple[Verdict, ...]) -> dict[str, Any]:
    return {
        "valid": all(each.valid for each in verdicts),
        "schemes": [
            {"scheme": each.scheme, "valid": each.valid, "steps": [asdict(step) for step in each.steps]}
            for each in verdicts
        ],
    }
