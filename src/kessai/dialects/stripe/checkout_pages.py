"""The page behind a Checkout session's `url`: plain HTML without scripts, for the payer, without a key.

The id in its address says that whoever is there was sent by the merchant. A test may post to it as well as a
browser: a form with `email` and `method`, and whatever else of the page's fields it minds.

Source: Stripe, "How Checkout works" and "Testing", read 2026-11-26. How the page looks is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from kessai.dialects.stripe.checkout_html import closed_page, methods_of, page
from kessai.dialects.stripe.choosing import chosen
from kessai.dialects.stripe.confirming import challenge_wanted, increments_wanted
from kessai.dialects.stripe.errors import StripeError
from kessai.dialects.stripe.ids import decode
from kessai.dialects.stripe.method_options import books_later
from kessai.dialects.stripe.objects.checkout_session import session_id, session_url
from kessai.dialects.stripe.objects.payment_intent import payment_intent
from kessai.dialects.stripe.objects.setup_intent import setup_intent
from kessai.dialects.stripe.page_forms import PageFormReader
from kessai.dialects.stripe.payer_customers import customer_of, kept_of_payer, made_of_payer, saves
from kessai.dialects.stripe.payer_details import (
    Filled,
    billing_of,
    details_of,
    filled,
    problem_of,
    shipping_of,
)
from kessai.dialects.stripe.paying import saved_card
from kessai.dialects.stripe.type_facts import facts_of_type
from kessai.dialects.stripe.voucher_terms import slip_lasts
from kessai.domain.change import Change
from kessai.domain.checkout import CheckoutSession, CheckoutStatus
from kessai.domain.customer import Customer
from kessai.domain.errors import NotFoundError, TransitionNotAllowedError
from kessai.domain.intent import IntentStatus
from kessai.domain.payment import CaptureMethod
from kessai.domain.payment_link import PaymentLink
from kessai.domain.saved_instrument import SavedInstrument
from kessai.http.call import Reply, Visit
from kessai.http.payer_page import HTML
from kessai.http.routes import Query, Router
from kessai.services.asked import Asked
from kessai.services.checkout import Payer
from kessai.services.intent_following import Step
from kessai.services.setups import SetupStep
from kessai.simulation.accounts import conduct_of
from kessai.simulation.instruments import by_name
from kessai.simulation.trying import Terms

router: Final = Router(tags=["payer"])
FORM_PATH: Final = "/stripe/checkout/{session}"
READER: Final = PageFormReader()
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~"


class ReturnQuery(BaseModel):
    """What a payer comes back with from their bank."""

    model_config = ConfigDict(extra="ignore")

    payment_intent: str | None = None
    setup_intent: str | None = None


@router.get(FORM_PATH, operation_id="stripe_show_checkout", media_type="text/html")
async def show_checkout(visit: Visit, session: str, query: Annotated[ReturnQuery, Query()]) -> Reply:
    """The form while the session is open; who comes back from their bank goes on to the merchant."""
    found = await _found(visit, session)
    if (over := await _closed(visit, found)) is not None:
        return over
    is_back = query.payment_intent is not None or query.setup_intent is not None
    if found.status is CheckoutStatus.COMPLETE and is_back:
        return sent_to(success_url(visit, found))
    form = filled(found, await customer_of(visit, found), {})
    return _shown(found, form, reason=await _last_reason(visit, found))


@router.post(FORM_PATH, operation_id="stripe_pay_checkout", media_type="text/html")
async def pay_checkout(visit: Visit, session: str, form: Mapping[str, str]) -> Reply:
    """What the button does: to the bank, on to the merchant, or the page again with the reason."""
    found = await _found(visit, session)
    if found.status is not CheckoutStatus.OPEN:
        return _shown(found, filled(found, None, {}))
    try:
        return await _closed(visit, found) or await _tried(visit, found, form)
    except TransitionNotAllowedError:
        # Between two reads others of the same link may have been quicker.
        if (over := await _closed(visit, found)) is None:
            raise
        return over


async def _tried(visit: Visit, found: CheckoutSession, form: Mapping[str, str]) -> Reply:
    """What comes of the form of a session that is open."""
    customer = await customer_of(visit, found)
    given = filled(found, customer, form)
    try:
        wanted = chosen(found, form)
    except StripeError as refusal:
        return _shown(found, given, reason=refusal.message)
    if (reason := problem_of(wanted, given)) is not None:
        return _shown(wanted, given, reason=reason)
    if not wanted.total and not wanted.is_setup:
        return await _finished(visit, wanted, given, customer)
    method = form.get("method", "")
    if method not in methods_of(wanted):
        return _shown(wanted, given, reason="Choose how to pay.")
    told = details_of(wanted, customer, given.fields, is_card=by_name(method) is not None)
    instrument = _instrument(visit, wanted, method, billing_of(told, given.email))
    after, step, made = await _step(visit, wanted, instrument, told)
    kept = Change() if step.failure is not None else kept_of_payer(visit, wanted, customer, told)
    change = replace(
        step.change,
        records=(*made.records, *step.change.records, *kept.records),
        events=(*made.events, *step.change.events, *kept.events),
    )
    if step.failure is not None:
        return _shown(after, given, change, reason=step.failure.message)
    if after.status is CheckoutStatus.COMPLETE:
        return sent_to(success_url(visit, after), change)
    page_url = session_url(found, visit.services.public_url)
    return sent_to(_bank_url(visit, step) or page_url, change)


async def _finished(
    visit: Visit, session: CheckoutSession, given: Filled, customer: Customer | None
) -> Reply:
    """What comes of the form of what costs nothing."""
    told = details_of(session, customer, given.fields, is_card=False)
    done, change = await visit.services.checkouts.finish_free(
        session, email=given.email, details=told, at=visit.now
    )
    return sent_to(success_url(visit, done), change.also(kept_of_payer(visit, session, customer, told)))


async def _step(
    visit: Visit, session: CheckoutSession, instrument: SavedInstrument, told: Mapping[str, Any]
) -> tuple[CheckoutSession, Step | SetupStep, Change]:
    """A try with an instrument: how the session stands after it, and what is new besides."""
    customer_id, made = made_of_payer(visit, session, instrument, told)
    email = instrument.billing["email"]
    payer = Payer(instrument=instrument, email=email, customer_id=customer_id, details=told)
    page_url = session_url(session, visit.services.public_url)
    checkouts, challenge = visit.services.checkouts, challenge_wanted(session.details)
    if session.is_setup:
        facts = _setup_facts(session, page_url, customer_id)
        set_up, tried = await checkouts.set_up(session, facts, payer, challenge=challenge, at=visit.now)
        return set_up, tried, made
    asked = _asked(session, page_url, payer)
    terms = Terms(
        challenge=challenge,
        wants_increments=increments_wanted(session.details),
        slip_lasts=slip_lasts(instrument.type, session.details, visit.now),
    )
    paid, step = await checkouts.pay(session, asked, payer, terms, at=visit.now)
    return paid, step, made


def success_url(visit: Visit, session: CheckoutSession) -> str:
    """Where a payer goes who has paid; to this page again, if nowhere else."""
    if session.success_url is None:
        return session_url(session, visit.services.public_url)
    return session.success_url.replace("{CHECKOUT_SESSION_ID}", session_id(session))


def _instrument(
    visit: Visit, session: CheckoutSession, method: str, billing: Mapping[str, Any]
) -> SavedInstrument:
    """The new instrument that was chosen, one of `methods_of`."""
    facts: dict[str, object] = {"billing": billing, "pays_once": True}
    row = by_name(method)
    if row is None:
        kind = method.removeprefix("type:")
        details = {kind: facts_of_type(kind, {})}
        facts |= {"type": kind, "conduct": conduct_of(kind, None, billing["email"]), "details": details}
    else:
        facts |= {"type": "card", "card": saved_card(row, visit.now, {})}
    return visit.services.instruments.make(session.merchant_id, facts, at=visit.now)


def _asked(session: CheckoutSession, page_url: str, payer: Payer) -> Asked:
    intent = session.details["intent"]
    by_hand = intent.get("capture_method") == "manual"
    known = {name: each for name, each in intent.items() if name not in ("description", "metadata") and each}
    shipping = shipping_of(payer.details)
    return Asked(
        amount=session.total,
        capture_method=CaptureMethod.MANUAL if by_hand else CaptureMethod.AUTOMATIC,
        customer_id=payer.customer_id,
        saves_instrument=saves(session, payer.instrument),
        checkout_id=session.id,
        description=intent.get("description"),
        metadata=intent.get("metadata") or {},
        details={
            "payment_method_types": session.details["payment_method_types"],
            "payment_method_options": session.details.get("payment_method_options"),
            "automatic_payment_methods": None,
            "return_url": page_url,
            "books_later": books_later(intent.get("capture_method")),
            **known,
            **({"shipping": shipping} if shipping else {}),
        },
    )


def _setup_facts(session: CheckoutSession, page_url: str, customer_id: str | None) -> dict[str, Any]:
    setup = session.details["setup"]
    return {
        "usage": "off_session",
        "customer_id": customer_id,
        "checkout_id": session.id,
        "description": setup.get("description"),
        "metadata": setup.get("metadata") or {},
        "details": {
            "payment_method_types": session.details["payment_method_types"],
            "automatic_payment_methods": None,
            "return_url": page_url,
        },
    }


def _bank_url(visit: Visit, step: Step | SetupStep) -> str | None:
    """Where the payer proves who they are."""
    public_url = visit.services.public_url
    shown = (
        payment_intent(step.intent, public_url)
        if isinstance(step, Step)
        else setup_intent(step.setup, public_url)
    )
    action = shown["next_action"] or {}
    redirect = action.get("redirect_to_url") or {}
    url: str | None = redirect.get("url")
    return url


async def _last_reason(visit: Visit, session: CheckoutSession) -> str | None:
    """Why the payer's latest try failed, if it did."""
    if session.status is not CheckoutStatus.OPEN:
        return None
    if session.setup_id is not None:
        setup = await visit.services.setups.get_any(session.setup_id)
        return setup.error.message if setup.error else None
    if session.intent_id is None:
        return None
    intent = await visit.services.intents.get_any(session.intent_id)
    is_open = intent.status is IntentStatus.REQUIRES_INSTRUMENT
    return intent.error.message if is_open and intent.error else None


async def _found(visit: Visit, object_id: str) -> CheckoutSession:
    core_id = decode("cs_test", object_id)
    if core_id is None:
        raise NotFoundError("checkout.session")
    return await visit.services.checkouts.get_any(core_id)


def _shown(
    session: CheckoutSession, form: Filled, change: Change | None = None, *, reason: str | None = None
) -> Reply:
    return Reply(200, page(session, form, reason=reason), change, content_type=HTML, headers=_UNKEPT)


async def _closed(visit: Visit, session: CheckoutSession) -> Reply | None:
    """What is seen of an open session whose link is used up; others of it were quicker."""
    if session.status is not CheckoutStatus.OPEN:
        return None
    link = await visit.services.payment_links.opened(session)
    return closed(link) if link is not None and link.is_used_up else None


def closed(link: PaymentLink) -> Reply:
    """The page of a link that takes no more payments."""
    return Reply(410, closed_page(link.inactive_message), content_type=HTML, headers=_UNKEPT)


def sent_to(url: str, change: Change | None = None) -> Reply:
    """On to another address, once `change` is durable."""
    location = (b"location", quote(url, safe=_SAFE).encode("ascii"))
    return Reply(303, b"", change, content_type=HTML, headers=(location, *_UNKEPT))


_UNKEPT: Final = ((b"cache-control", b"no-store"),)
