"""The store's page of a payment that is PENDING with a slip: its payer pays here, or lets it lapse."""

from __future__ import annotations

from html import escape
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict

from kessai.dialects.native.payer_pages import ANSWERS, SHOWS
from kessai.domain.payment import Payment
from kessai.http.call import Reply, Visit
from kessai.http.payer_page import HTML, payer_page
from kessai.http.routes import Query, Router
from kessai.simulation.slips import slip_number

router: Final = Router(tags=["payer"])


class SlipQuery(BaseModel):
    """What the payer did with the slip."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["pay", "lapse"]


@router.get(
    "/slips/{payment_id}",
    operation_id="show_slip",
    summary="The payer's slip",
    **SHOWS,
)
async def show_slip(visit: Visit, payment_id: str) -> Reply:
    """What to pay, and two buttons, until it is paid or has lapsed."""
    return Reply(200, _page(await visit.services.slips.get(payment_id)), content_type=HTML)


@router.post(
    "/slips/{payment_id}",
    operation_id="settle_slip",
    summary="Pay a slip, or let it lapse",
    **ANSWERS,
)
async def settle_slip(visit: Visit, payment_id: str, query: Annotated[SlipQuery, Query()]) -> Reply:
    """What the page's buttons do; a test may do it as well."""
    slips = visit.services.slips
    asked = await slips.get(payment_id)
    payment, change = await slips.settle(asked, is_paid=query.outcome == "pay", at=visit.now)
    return Reply(200, _page(payment), change, content_type=HTML)


def _page(payment: Payment) -> bytes:
    order, slip = payment.order, payment.slip
    about = f" for {escape(order.description)}" if order.description else ""
    owed = f"<p>A payment of <strong>{escape(str(order.amount))}</strong>{about}.</p>"
    if slip is None:
        over = f"<p>This payment is {payment.status.value}. You may close this page.</p>"
        return payer_page("store", "Your slip", f"{owed}{over}")
    facts = f"<dl><dt>Number</dt><dd>{slip_number(slip.type, payment.id)}</dd></dl>"
    buttons = (
        '<form class="answers" method="post" action="?outcome=pay" aria-label="The slip">'
        "<button>Pay at the store</button>"
        '<button class="second" formaction="?outcome=lapse">Let it lapse</button></form>'
    )
    return payer_page("store", "Your slip", f"{owed}{facts}{buttons}")
