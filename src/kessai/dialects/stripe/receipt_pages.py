"""The page that a charge's `receipt_url` leads to. No key is asked: who has the link has the receipt."""

from __future__ import annotations

from html import escape
from typing import Final

from kessai.dialects.stripe.ids import decode
from kessai.dialects.stripe.objects.charge import charge, is_charge
from kessai.domain.errors import NotFoundError
from kessai.domain.payment import Payment
from kessai.domain.transitions import Status
from kessai.http.call import Reply, Visit
from kessai.http.payer_page import HTML, payer_page
from kessai.http.routes import Router

router: Final = Router(tags=["payer"])


@router.get("/stripe/receipts/{charge}", operation_id="stripe_show_receipt", media_type="text/html")
async def show_receipt(visit: Visit, charge: str) -> Reply:
    """What was paid, with what, and what was given back of it."""
    core_id = decode("ch", charge) or decode("py", charge)
    payment = await visit.services.payments.get_any(core_id) if core_id else None
    if payment is None or not is_charge(payment) or payment.status is Status.FAILED:
        raise NotFoundError("receipt", hint="check the link")
    return Reply(200, page(payment), content_type=HTML)


def page(payment: Payment) -> bytes:
    """What the payer sees."""
    order, shown = payment.order, charge(payment)
    card = (shown["payment_method_details"] or {}).get("card")
    facts = {
        "Amount": str(order.amount),
        "Given back": str(payment.refunded) if payment.refunded else "",
        "Paid with": f"{card['brand']} ending in {card['last4']}" if card else "",
        "For": shown["description"] or "",
        "Date": f"{payment.created_at:%Y-%m-%d %H:%M} UTC",
        "Number": shown["id"],
    }
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text)
    return payer_page("receipt", "Receipt", f"<dl>{lines}</dl>")
