"""The bank's page of a PaymentIntent that requires action: plain HTML, for the payer, without a key.

The client secret in its address says that whoever is there was sent by the merchant. A test may post to it as
well as a browser.

Source: Stripe, "Authenticate with 3D Secure", and the query it returns with, read 2026-11-20.
"""

from __future__ import annotations

import hmac
from html import escape
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict

from kessai.dialects.stripe.ids import decode
from kessai.dialects.stripe.objects.payment_intent import client_secret, intent_id
from kessai.domain.errors import NotFoundError
from kessai.domain.intent import Intent, IntentStatus
from kessai.http.call import Reply, Visit
from kessai.http.routes import Query, Router

router: Final = Router(tags=["payer"])
_HTML: Final = "text/html; charset=utf-8"
_STYLE: Final = (
    "body{font:1.1rem system-ui;max-width:28rem;margin:4rem auto;padding:0 1rem}"
    "form{display:inline}button{font:inherit;padding:.6rem 1.2rem;margin:.5rem .5rem 0 0}"
)


class ChallengeQuery(BaseModel):
    """Which intent's payer this is, shown by its secret."""

    model_config = ConfigDict(extra="ignore")

    client_secret: str


class OutcomeQuery(ChallengeQuery):
    """And what they did."""

    outcome: Literal["approve", "fail"]


@router.get("/stripe/challenge/{intent}", operation_id="stripe_show_challenge", media_type="text/html")
async def show_challenge(visit: Visit, intent: str, query: Annotated[ChallengeQuery, Query()]) -> Reply:
    """Two buttons while the payment waits, its status afterwards."""
    found = await _found(visit, intent, query.client_secret)
    return Reply(200, page(found).encode(), content_type=_HTML)


@router.post("/stripe/challenge/{intent}", operation_id="stripe_answer_challenge", media_type="text/html")
async def answer_challenge(visit: Visit, intent: str, query: Annotated[OutcomeQuery, Query()]) -> Reply:
    """What the buttons do: the payer goes back to the merchant, if there is somewhere to go back to."""
    found = await _found(visit, intent, query.client_secret)
    if found.status is not IntentStatus.REQUIRES_ACTION or found.payment_id is None:
        return Reply(200, page(found).encode(), content_type=_HTML)
    is_approved = query.outcome == "approve"
    _, change = await visit.services.intents.authenticate(
        found.payment_id, is_approved=is_approved, at=visit.now
    )
    after = next((each for each in change.records if isinstance(each, Intent)), found)
    goes_to = found.details.get("return_url")
    if goes_to:
        location = returning(str(goes_to), after, is_approved=is_approved)
        return Reply(303, b"", change, content_type=_HTML, headers=((b"location", location.encode()),))
    return Reply(200, page(after).encode(), change, content_type=_HTML)


def returning(url: str, intent: Intent, *, is_approved: bool) -> str:
    """Where a payer goes back to, with what the merchant needs to look the payment up."""
    parts = urlsplit(url)
    told = {
        "payment_intent": intent_id(intent),
        "payment_intent_client_secret": client_secret(intent),
        "redirect_status": "succeeded" if is_approved else "failed",
    }
    query = [*parse_qsl(parts.query, keep_blank_values=True), *told.items()]
    return urlunsplit(parts._replace(query=urlencode(query)))


def page(intent: Intent) -> str:
    """What the payer sees."""
    about = f" for {escape(intent.description)}" if intent.description else ""
    if intent.status is IntentStatus.REQUIRES_ACTION:
        secret = escape(client_secret(intent), quote=True)
        rest = "".join(
            f'<form method="post" action="?client_secret={secret}&amp;outcome={outcome}">'
            f"<button>{word}</button></form>"
            for outcome, word in (("approve", "Approve"), ("fail", "Fail"))
        )
    else:
        rest = "<p>There is nothing left to do here. You may close this page.</p>"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>kessai bank</title>'
        f"<style>{_STYLE}</style><main><h1>Is this you?</h1>"
        f"<p>A payment of <strong>{escape(str(intent.amount))}</strong>{about}. No money moves here.</p>"
        f"{rest}</main></html>"
    )


async def _found(visit: Visit, object_id: str, shown: str) -> Intent:
    core_id = decode("pi", object_id)
    if core_id is None:
        raise NotFoundError("payment_intent")
    found = await visit.services.intents.get_any(core_id)
    if not hmac.compare_digest(client_secret(found).encode(), shown.encode()):
        raise NotFoundError("payment_intent")
    return found
