"""Refunds as the Stripe API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kessai.dialects.stripe.amounts import amount_of
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.shape import Object, seconds, seconds_or_none
from kessai.domain.entry import reversal_id
from kessai.domain.refund import Refund, RefundStatus
from kessai.simulation.settlement import TAKEN_BACK

STATUSES: Final = {
    RefundStatus.REQUIRES_ACTION: "requires_action",
    RefundStatus.PENDING: "pending",
    RefundStatus.PROCESSED: "succeeded",
    RefundStatus.FAILED: "failed",
    RefundStatus.CANCELED: "canceled",
}
REASONS: Final = frozenset({"duplicate", "fraudulent", "requested_by_customer", "expired_uncaptured_charge"})
_CARD: Final = "card"
_REFERENCED: Final = frozenset(
    {"blik", "jp_bank_transfer", "mb_way", "multibanco", "p24", "swish", "us_bank_transfer"}
)
_BARE: Final = frozenset(
    {
        *("affirm", "afterpay_clearpay", "alipay", "alma", "amazon_pay", "cashapp", "eps", "giropay"),
        *("grabpay", "klarna", "paynow", "paypal", "pix", "revolut", "scalapay", "sofort", "twint"),
        *("wechat_pay", "zip"),
    }
)
"""Where money goes back to without more being told of it than that.

Source: `refund_destination_details` in Stripe's OpenAPI document, read 2026-11-27. What is not there, as
debits and most bank redirects, has no `destination_details` here.
"""
_BY_TRANSFER: Final[Mapping[str, str]] = MappingProxyType(
    {"konbini": "jp_bank_transfer", "us_bank_account": "us_bank_transfer", "revolut_pay": "revolut"}
)


def refund_id(value: Refund) -> str:
    """Its id: another prefix for what does not go back to a card."""
    return encode("re" if value.is_to_card else "pyr", value.id)


def refund(value: Refund, _public_url: str = "") -> Object:
    """A refund, whoever made it. Reasons in free words, which the native API takes, are not shown."""
    details = value.details or {}
    charge = details.get("charge") or encode("ch" if value.is_to_card else "py", value.payment_id)
    shown: Object = {
        "id": refund_id(value),
        "object": "refund",
        "amount": amount_of(value.amount),
        # What was only held and let go has moved no money.
        "balance_transaction": None if value.is_release else encode("txn", value.id),
        "charge": charge,
        "created": seconds(value.created_at),
        "currency": value.amount.currency.lower(),
        "customer": details.get("customer"),
        "customer_account": None,
        "metadata": dict(details.get("metadata") or {}),
        "payment_intent": details.get("payment_intent"),
        "payment_method": details.get("payment_method"),
        "reason": value.reason if value.reason in REASONS else None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": STATUSES[value.status],
        "transfer_reversal": None,
    }
    return shown | _destination(value) | _asked(value) | _came_to(value)


def _destination(value: Refund) -> Object:
    """Where the money goes, as far as there are words for it."""
    paid_with = _CARD if value.is_to_card else (value.details or {}).get("method", "")
    kind = _BY_TRANSFER.get(paid_with, paid_with)
    status = "available" if value.status is RefundStatus.PROCESSED else "pending"
    reference = value.id.replace("-", "")[-12:]
    if kind == _CARD:
        told: Object = {
            "reference": reference,
            "reference_status": status,
            "reference_type": "acquirer_reference_number",
            "type": "refund",
        }
    elif kind in _REFERENCED:
        told = {"reference": reference if status == "available" else None, "reference_status": status}
    elif kind in _BARE:
        told = {}
    else:
        return {}
    return {"destination_details": {kind: told, "type": kind}}


def _asked(value: Refund) -> Object:
    """Whom it was asked where the money is to go, and until when they may say so."""
    email = (value.details or {}).get("instructions_email")
    if email is None:
        return {}
    shown: Object = {"instructions_email": email}
    if value.status is RefundStatus.REQUIRES_ACTION:
        sent = {"email_sent_at": seconds(value.created_at), "email_sent_to": email}
        display = {"email_sent": sent, "expires_at": seconds_or_none(value.due_at)}
        shown["next_action"] = {"type": "display_details", "display_details": display}
    return shown


def _came_to(value: Refund) -> Object:
    shown: Object = {}
    if value.status is RefundStatus.PENDING:
        shown["pending_reason"] = "processing"
    if value.status in TAKEN_BACK:
        shown["failure_balance_transaction"] = encode("txn", reversal_id(value.id))
    if value.status is RefundStatus.FAILED:
        shown["failure_reason"] = "unknown"
    if value.status is RefundStatus.CANCELED and value.error_code is None:
        shown["failure_reason"] = "merchant_request"
    return shown
