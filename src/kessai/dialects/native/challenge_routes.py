"""The bank's page of a payment that REQUIRES_ACTION: the payer approves or fails here, no key needed."""

from __future__ import annotations

from html import escape
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict

from kessai.dialects.native.errors import errors
from kessai.domain.payment import Payment
from kessai.domain.transitions import Status
from kessai.http.call import Reply, Visit
from kessai.http.payer_page import payer_page
from kessai.http.routes import Query, Router

router: Final = Router(tags=["payer"])
_HTML: Final = "text/html; charset=utf-8"


class ChallengeQuery(BaseModel):
    """What the payer did at the bank's page."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["approve", "fail"]


_REFUSALS: Final = ("NOT_FOUND", "METHOD_NOT_ALLOWED", "INTERNAL_ERROR", "DATABASE_UNAVAILABLE")


@router.get(
    "/challenge/{payment_id}",
    operation_id="show_challenge",
    summary="The pretend bank's page",
    response_model=None,
    media_type="text/html",
    responses=errors(*_REFUSALS),
)
async def show_challenge(visit: Visit, payment_id: str) -> Reply:
    """Two buttons while the payment waits, its status afterwards."""
    payment = await visit.services.payments.awaiting_action(payment_id)
    return Reply(200, _page(payment), content_type=_HTML)


@router.post(
    "/challenge/{payment_id}",
    operation_id="answer_challenge",
    summary="Approve or fail the authentication",
    response_model=None,
    media_type="text/html",
    responses=errors(
        *_REFUSALS,
        "INVALID_JSON",
        "REQUEST_TIMEOUT",
        "BODY_TOO_LARGE",
        "VALIDATION_FAILED",
        "INVALID_PAYMENT_STATE",
        "CONFLICT",
        "STORAGE_FULL",
    ),
)
async def answer_challenge(visit: Visit, payment_id: str, query: Annotated[ChallengeQuery, Query()]) -> Reply:
    """What the page's buttons do; a test may do it as well."""
    payment, change = await visit.services.intents.authenticate(
        payment_id, is_approved=query.outcome == "approve", at=visit.now
    )
    return Reply(200, _page(payment), change, content_type=_HTML)


def _page(payment: Payment) -> bytes:
    order = payment.order
    about = f" for {escape(order.description)}" if order.description else ""
    if payment.status is Status.REQUIRES_ACTION:
        rest = (
            '<div class="answers">'
            '<form method="post" action="?outcome=approve"><button>Approve</button></form>'
            '<form method="post" action="?outcome=fail" class="second"><button>Fail</button></form>'
            "</div>"
        )
    else:
        rest = f"<p>This payment is {payment.status.value}. You may close this page.</p>"
    lead = f"<p>A payment of <strong>{escape(str(order.amount))}</strong>{about}.</p>"
    return payer_page("bank", "Is this you?", lead + rest)
