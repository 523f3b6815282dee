"""What is behind a payment link's `url`: who opens it is led to a Checkout session of their own.

A session is made when the page is asked for, by GET, as the original does it; who asks for the headers alone,
as programs do that check addresses, makes none. What the address says of the payer is heeded.

Source: Stripe, "Track a payment link" and "Use the API to create and manage payment links", read 2026-11-26.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from kessai.dialects.stripe.checkout_pages import closed, sent_to
from kessai.dialects.stripe.facts import masked
from kessai.dialects.stripe.ids import decode
from kessai.dialects.stripe.objects.checkout_session import session_url
from kessai.dialects.stripe.page_forms import Visitor, VisitorReader
from kessai.dialects.stripe.payer_details import is_email
from kessai.domain.change import Change
from kessai.domain.errors import NotFoundError
from kessai.domain.payment_link import PaymentLink
from kessai.http.call import Reply, Visit
from kessai.http.payer_page import HTML
from kessai.http.routes import Router

router: Final = Router(tags=["payer"])
PATH: Final = "/stripe/links/{link}"
READER: Final = VisitorReader()
_OPEN_FOR: Final = timedelta(days=1)
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
_UTM: Final = re.compile(r"[A-Za-z0-9_-]{1,150}")
_UTM_NAMES: Final = ("utm_source", "utm_content", "utm_medium", "utm_term", "utm_campaign")


@router.get(PATH, operation_id="stripe_open_payment_link", media_type="text/html")
async def open_payment_link(visit: Visit, link: str, visitor: Visitor) -> Reply:
    """On to a new session's page, while the link is active."""
    found = await _found(visit, link)
    if not found.is_active:
        return closed(found)
    if visitor.is_only_looking:
        return Reply(200, b"", content_type=HTML)
    facts = _facts(found, visitor.query)
    session = await visit.services.payment_links.open(
        found, {**facts, "expires_at": visit.now + _OPEN_FOR}, at=visit.now
    )
    return sent_to(session_url(session, visit.services.public_url), Change(records=(session,)))


async def _found(visit: Visit, object_id: str) -> PaymentLink:
    core_id = decode("plink", object_id)
    if core_id is None:
        raise NotFoundError("payment_link")
    return await visit.services.payment_links.get_any(core_id)


def _facts(link: PaymentLink, query: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a session. What the address says in a wrong form is left out, as Stripe does it."""
    reference = query.get("client_reference_id", "")
    details = link.details
    return {
        "success_url": link.redirect_url and _with_utm(link.redirect_url, query),
        "reference": masked(reference) if _REFERENCE.fullmatch(reference) else None,
        "customer_email": _email(query, "locked_prefilled_email"),
        "payer_email": _email(query, "prefilled_email"),
        "details": {
            "allow_promotion_codes": details.get("allow_promotion_codes", False),
            "asks_phone": details.get("asks_phone"),
            "billing_address_collection": details.get("billing_address_collection", "auto"),
            "ships_to": details.get("ships_to"),
            "submit_type": details.get("submit_type", "auto"),
            "payment_method_types": details.get("payment_method_types") or ["card"],
            "customer_creation": details.get("customer_creation", "if_required"),
            "confirmation": details.get("confirmation"),
            "intent": details.get("intent") or {},
        },
    }


def _email(query: Mapping[str, str], name: str) -> str | None:
    email: str = masked(query.get(name, "").strip())
    return email if is_email(email) else None


def _with_utm(url: str, query: Mapping[str, str]) -> str:
    """An address that also says where the payer came from, if the link's did."""
    told = {name: masked(query[name]) for name in _UTM_NAMES if _UTM.fullmatch(query.get(name, ""))}
    if not told:
        return url
    parts = urlsplit(url)
    joined = "&".join(each for each in (parts.query, urlencode(told)) if each)
    return urlunsplit(parts._replace(query=joined))
