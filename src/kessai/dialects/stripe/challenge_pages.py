"""The bank's page of what requires action, a payment or a setup: plain HTML, for the payer, without a key.

The client secret in its address says that whoever is there was sent by the merchant. A test may post to it as
well as a browser. Refusals are pages too.

Source: Stripe, "Authenticate with 3D Secure", and the query it returns with, read 2026-11-20.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict

from kessai.dialects.stripe.challenge_html import Progress, Question, question_page, refusal_page
from kessai.dialects.stripe.ids import decode
from kessai.dialects.stripe.objects.payment_intent import client_secret, intent_id
from kessai.dialects.stripe.objects.setup_intent import setup_id, setup_secret
from kessai.domain.change import Change
from kessai.domain.errors import NotFoundError, TransitionNotAllowedError
from kessai.domain.intent import Intent, IntentStatus
from kessai.domain.setup import Setup, SetupStatus
from kessai.http.answer import Headers
from kessai.http.call import Reply, Visit
from kessai.http.payer_page import HTML
from kessai.http.routes import Query, Router

router: Final = Router(tags=["payer"])
_HEADERS: Final[Headers] = ((b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"))
"""The address has a secret in it."""
_OF_ADDRESSES: Final = "%/:=&?~#+!$,;'@()*[]"
"""What is not escaped in an address; letters beyond ASCII are, as a header has none."""
_OUTCOMES: Final = {"approve": Progress.APPROVED, "fail": Progress.REFUSED}


class ChallengeQuery(BaseModel):
    """Whose payer this is, shown by its secret."""

    model_config = ConfigDict(extra="ignore")

    client_secret: str = ""


class OutcomeQuery(ChallengeQuery):
    """And what they did: "approve" or "fail"."""

    outcome: str = ""


@router.get("/stripe/challenge/{intent}", operation_id="stripe_show_challenge", media_type="text/html")
async def show_challenge(visit: Visit, intent: str, query: Annotated[ChallengeQuery, Query()]) -> Reply:
    """The question with two buttons while somebody waits for the answer."""
    found = await _found(visit, intent, query.client_secret)
    if found is None:
        return _NOT_FOUND
    return await _shown(visit, found, Progress.ASKED if _is_waiting(found) else Progress.OVER)


@router.post("/stripe/challenge/{intent}", operation_id="stripe_answer_challenge", media_type="text/html")
async def answer_challenge(visit: Visit, intent: str, query: Annotated[OutcomeQuery, Query()]) -> Reply:
    """What the buttons do: the payer goes back to the merchant, if there is somewhere to go back to."""
    found = await _found(visit, intent, query.client_secret)
    if found is None:
        return _NOT_FOUND
    progress = _OUTCOMES.get(query.outcome)
    if progress is None:
        return _NO_ANSWER
    try:
        change = await _answered(visit, found, is_approved=progress is Progress.APPROVED)
    except TransitionNotAllowedError:
        return await _shown(visit, found, Progress.OVER)
    goes_to = found.details.get("return_url")
    if not goes_to:
        return await _shown(visit, found, progress, change)
    location = returning(str(goes_to), found, is_approved=progress is Progress.APPROVED)
    headers = (*_HEADERS, (b"location", location.encode()))
    return Reply(303, b"", change, content_type=HTML, headers=headers)


def returning(url: str, intent: Intent | Setup, *, is_approved: bool) -> str:
    """Where a payer goes back to, with what the merchant needs to look it up."""
    parts = urlsplit(url)
    name = "payment_intent" if isinstance(intent, Intent) else "setup_intent"
    told = {
        name: _id(intent),
        f"{name}_client_secret": _secret(intent),
        "redirect_status": "succeeded" if is_approved else "failed",
    }
    query = [*parse_qsl(parts.query, keep_blank_values=True), *told.items()]
    return quote(urlunsplit(parts._replace(query=urlencode(query))), safe=_OF_ADDRESSES)


def _id(intent: Intent | Setup) -> str:
    return intent_id(intent) if isinstance(intent, Intent) else setup_id(intent)


def _secret(intent: Intent | Setup) -> str:
    return client_secret(intent) if isinstance(intent, Intent) else setup_secret(intent)


def _is_waiting(intent: Intent | Setup) -> bool:
    if isinstance(intent, Intent) and intent.slip is not None:
        return False
    return intent.status in (IntentStatus.REQUIRES_ACTION, SetupStatus.REQUIRES_ACTION)


async def _answered(visit: Visit, intent: Intent | Setup, *, is_approved: bool) -> Change:
    """What becomes of it.

    Raises:
        TransitionNotAllowedError: nobody waits for this payer any more.
    """
    if isinstance(intent, Setup):
        step = await visit.services.setups.authenticate(intent, is_approved=is_approved, at=visit.now)
        return step.change
    if not _is_waiting(intent) or intent.payment_id is None:
        raise TransitionNotAllowedError(action="authenticate", status=intent.status.value, allowed=[])
    _, change = await visit.services.intents.authenticate(
        intent.payment_id, is_approved=is_approved, at=visit.now
    )
    return change


async def _shown(
    visit: Visit, intent: Intent | Setup, progress: Progress, change: Change | None = None
) -> Reply:
    merchant = await visit.services.merchants.get(intent.merchant_id)
    page = question_page(_question(intent, merchant.name), progress)
    return Reply(200, page, change, content_type=HTML, headers=_HEADERS)


def _question(intent: Intent | Setup, merchant: str) -> Question:
    amount = str(intent.amount) if isinstance(intent, Intent) else ""
    facts: Mapping[str, str] = {
        "Amount": amount,
        "Merchant": merchant,
        "What for": intent.description or "",
        "Reference": _id(intent),
    }
    wish = f"take a payment of {amount}" if amount else "keep your payment method for payments to come"
    secret = _secret(intent)

    def answer(outcome: str) -> str:
        return f"?{urlencode({'client_secret': secret, 'outcome': outcome})}"

    return Question(
        wish=wish, merchant=merchant, facts=facts, approve=answer("approve"), refuse=answer("fail")
    )


async def _found(visit: Visit, object_id: str, shown: str) -> Intent | Setup | None:
    """What the payer was sent for; None when there is no such thing, or its secret is another."""
    services = visit.services
    try:
        if (core_id := decode("pi", object_id)) is not None:
            found: Intent | Setup = await services.intents.get_any(core_id)
        elif (core_id := decode("seti", object_id)) is not None:
            found = await services.setups.get_any(core_id)
        else:
            return None
    except NotFoundError:
        return None
    is_theirs = hmac.compare_digest(_secret(found).encode(), shown.encode("utf-8", "surrogatepass"))
    return found if is_theirs else None


_NOT_FOUND: Final = Reply(
    404,
    refusal_page(
        "There is nothing here",
        "This address belongs to no request that waits for you. Go back to the merchant and try again.",
    ),
    content_type=HTML,
    headers=_HEADERS,
)
_NO_ANSWER: Final = Reply(
    400,
    refusal_page("That is no answer", "Go back, and choose one of the two buttons."),
    content_type=HTML,
    headers=_HEADERS,
)
