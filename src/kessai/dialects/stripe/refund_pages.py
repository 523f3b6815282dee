"""The page of a refund that cannot go back the way it came: its payer says where to, or never does.

No key is asked: who has the refund's id may answer for its payer. A test may post to it as well.
"""

from __future__ import annotations

from html import escape
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict

from kessai.dialects.stripe.ids import decode
from kessai.dialects.stripe.objects.refund import STATUSES, refund_id
from kessai.domain.errors import ConflictError, NotFoundError
from kessai.domain.refund import Refund, RefundStatus
from kessai.http.call import Reply, Visit
from kessai.http.payer_page import HTML, payer_page
from kessai.http.routes import Query, Router

router: Final = Router(tags=["payer"])


class AnswerQuery(BaseModel):
    """What the payer did."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["tell", "lapse"]


@router.get("/stripe/refunds/{refund}", operation_id="stripe_show_refund", media_type="text/html")
async def show_refund(visit: Visit, refund: str) -> Reply:
    """What is given back, and two buttons while its payer is asked."""
    return Reply(200, page(await _found(visit, refund)), content_type=HTML)


@router.post("/stripe/refunds/{refund}", operation_id="stripe_answer_refund", media_type="text/html")
async def answer_refund(visit: Visit, refund: str, query: Annotated[AnswerQuery, Query()]) -> Reply:
    """What the buttons do."""
    known = await _found(visit, refund)
    is_told = query.outcome == "tell"
    try:
        answered, change = await visit.services.refunds.answer(known, is_told=is_told, at=visit.now)
    except ConflictError:
        return Reply(200, page(known), content_type=HTML)
    return Reply(200, page(answered), change, content_type=HTML)


async def _found(visit: Visit, name: str) -> Refund:
    core_id = decode("pyr", name)
    if core_id is None:
        raise NotFoundError("refund", hint="check the link")
    known = await visit.services.refunds.get_any(core_id)
    if "instructions_email" not in (known.details or {}):
        raise NotFoundError("refund", hint="its payer is asked nothing")
    return known


def page(refund: Refund) -> bytes:
    """What the payer sees."""
    lead = f"<p>You get back <strong>{escape(str(refund.amount))}</strong>.</p>"
    facts = f"<dl><dt>Number</dt><dd>{refund_id(refund)}</dd></dl>"
    if refund.status is not RefundStatus.REQUIRES_ACTION:
        over = f"<p>This refund is {STATUSES[refund.status]}. You may close this page.</p>"
        return payer_page("refund", "Your refund", f"{lead}{over}{facts}")
    ask = "<p>It cannot go back the way you paid. Where is it to go?</p>"
    buttons = (
        '<form class="answers" method="post" action="?outcome=tell" aria-label="Your refund">'
        "<button>Send it to my account</button>"
        '<button class="second" formaction="?outcome=lapse">Let the request lapse</button></form>'
    )
    return payer_page("refund", "Your refund", f"{lead}{ask}{facts}{buttons}")
