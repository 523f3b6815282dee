"""The bank's page of what REQUIRES_ACTION, a payment or a setup: its payer approves or fails here."""

from __future__ import annotations

from html import escape
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict

from kessai.dialects.native.payer_pages import ANSWERS, SHOWS
from kessai.domain.payment import Payment
from kessai.domain.setup import Setup, SetupStatus
from kessai.domain.transitions import Status
from kessai.http.call import Reply, Visit
from kessai.http.payer_page import HTML, payer_page
from kessai.http.routes import Query, Router

router: Final = Router(tags=["payer"])


class ChallengeQuery(BaseModel):
    """What the payer did at the bank's page."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["approve", "fail"]


@router.get(
    "/challenge/{payment_id}",
    operation_id="show_challenge",
    summary="The pretend bank's page",
    **SHOWS,
)
async def show_challenge(visit: Visit, payment_id: str) -> Reply:
    """Two buttons while the payment waits, its status afterwards."""
    payment = await visit.services.payments.awaiting_action(payment_id)
    intent_id = payment.order.intent_id if payment.status is Status.REQUIRES_ACTION else None
    is_proved = intent_id is not None and (await visit.services.intents.get_any(intent_id)).is_proved
    return Reply(200, _page(payment, is_proved=is_proved), content_type=HTML)


@router.post(
    "/challenge/{payment_id}",
    operation_id="answer_challenge",
    summary="Approve or fail the authentication",
    **ANSWERS,
)
async def answer_challenge(visit: Visit, payment_id: str, query: Annotated[ChallengeQuery, Query()]) -> Reply:
    """What the page's buttons do; a test may do it as well."""
    payment, change = await visit.services.intents.authenticate(
        payment_id, is_approved=query.outcome == "approve", at=visit.now
    )
    return Reply(200, _page(payment, is_proved=True), change, content_type=HTML)


@router.get(
    "/challenge/setups/{setup_id}",
    operation_id="show_setup_challenge",
    summary="The pretend bank's page for a setup",
    **SHOWS,
)
async def show_setup_challenge(visit: Visit, setup_id: str) -> Reply:
    """Two buttons while the setup waits, its status afterwards."""
    setup = await visit.services.setups.get_any(setup_id)
    return Reply(200, _setup_page(setup), content_type=HTML)


@router.post(
    "/challenge/setups/{setup_id}",
    operation_id="answer_setup_challenge",
    summary="Approve or fail the authentication of a setup",
    **ANSWERS,
)
async def answer_setup_challenge(
    visit: Visit, setup_id: str, query: Annotated[ChallengeQuery, Query()]
) -> Reply:
    """What the page's buttons do; a test may do it as well."""
    setup = await visit.services.setups.get_any(setup_id)
    step = await visit.services.setups.authenticate(
        setup, is_approved=query.outcome == "approve", at=visit.now
    )
    return Reply(200, _setup_page(step.setup), step.change, content_type=HTML)


def _page(payment: Payment, *, is_proved: bool) -> bytes:
    order = payment.order
    about = f" for {escape(order.description)}" if order.description else ""
    over = None if payment.status is Status.REQUIRES_ACTION else f"This payment is {payment.status.value}."
    if over is None and is_proved:
        over = "Thank you. The shop finishes this payment."
    asked = f"A payment of <strong>{escape(str(order.amount))}</strong>{about}."
    return _html(asked, over)


def _setup_page(setup: Setup) -> bytes:
    is_open = setup.status is SetupStatus.REQUIRES_ACTION
    asked = "A shop wants to keep what you pay with, for payments to come."
    return _html(asked, None if is_open else f"This setup is {setup.status.value}.")


def _html(asked: str, over: str | None) -> bytes:
    """The page; `over` says that there is nothing to answer any more."""
    buttons = (
        '<div class="answers">'
        '<form method="post" action="?outcome=approve"><button>Approve</button></form>'
        '<form method="post" action="?outcome=fail" class="second"><button>Fail</button></form>'
        "</div>"
    )
    rest = buttons if over is None else f"<p>{over} You may close this page.</p>"
    return payer_page("bank", "Is this you?", f"<p>{asked}</p>{rest}")
