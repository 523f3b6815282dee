"""Payments as the Stripe API shows them: charges, each a try of a PaymentIntent or one of its own."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.amounts import amount_of, in_units
from kessai.dialects.stripe.ids import encode, encode_short
from kessai.dialects.stripe.objects.payment_method import (
    CUSTOM,
    authentication_flow,
    billing_details,
    checks,
    instrument_id,
    of_type,
    published,
    type_of,
)
from kessai.dialects.stripe.objects.payment_source import payment_source
from kessai.dialects.stripe.shape import Object, seconds, seconds_or_none
from kessai.domain.charge import ChargeDetails
from kessai.domain.payment import Payment
from kessai.domain.saved_instrument import SavedCard, SavedInstrument
from kessai.domain.transitions import Action, Status
from kessai.simulation.table import AUTHENTICATION_DECLINED
from kessai.simulation.trying import ACTION_REFUSED

_RELEASED: Final = frozenset({Status.VOIDED, Status.EXPIRED})
_NEVER_SENT: Final = frozenset({AUTHENTICATION_DECLINED.code, "PAYMENT_CANCELED", ACTION_REFUSED.code})
"""How a payment fails that never got as far as its issuer: Stripe makes no charge of it."""

_ONLY_OF_METHODS: Final = frozenset(
    {"financial_connections_account", "generated_from", "networks", "status_details"}
)
"""What payment methods show of an account, and charges do not."""


def is_charge(payment: Payment) -> bool:
    """Whether this try got as far as an issuer, or to a store where its payer has paid."""
    is_waiting = payment.status is Status.REQUIRES_ACTION or payment.slip is not None
    return not is_waiting and payment.error_code not in _NEVER_SENT


def charge_id(payment: Payment) -> str:
    """Its id: another prefix for what is no card."""
    instrument = payment.order.instrument
    return encode("ch" if instrument is None or instrument.type.value == "card" else "py", payment.id)


def charge(value: Payment, public_url: str = "") -> Object:
    """A charge, whoever made the payment."""
    order, details = value.order, value.charge_details
    currency = order.amount.currency
    is_captured = bool(value.captured)
    has_failed = value.status is Status.FAILED
    released = order.amount.minor - value.captured.minor if is_captured else 0
    gone = order.amount.minor if value.status in _RELEASED else released + value.refunded.minor
    failure = details.failure if has_failed else None
    return {
        "id": charge_id(value),
        "object": "charge",
        "amount": amount_of(order.amount),
        "amount_captured": amount_of(value.captured),
        "amount_refunded": in_units(gone, currency),
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": encode("txn", value.id) if is_captured and not value.is_being_booked else None,
        "billing_details": billing_details(details.billing),
        "calculated_statement_descriptor": details.statement_descriptor or "KESSAI",
        "captured": is_captured,
        "created": seconds(value.created_at),
        "currency": currency.lower(),
        "customer": details.customer_id and encode_short(details.customer_id),
        "description": details.description,
        "destination": None,
        "dispute": details.dispute_id and encode("du", details.dispute_id),
        "disputed": details.dispute_id is not None,
        "failure_balance_transaction": None,
        "failure_code": failure and failure.code,
        "failure_message": failure and failure.message,
        "fraud_details": dict(details.fraud_details or {}),
        "livemode": False,
        "metadata": dict(details.metadata),
        "on_behalf_of": None,
        "order": None,
        "outcome": _outcome(value, details),
        "paid": not has_failed and value.status is not Status.PENDING,
        "payment_intent": order.intent_id and encode("pi", order.intent_id),
        "payment_method": details.instrument and instrument_id(details.instrument),
        "payment_method_details": _method_details(value, details),
        "radar_options": {},
        "receipt_email": details.receipt_email,
        "receipt_number": None,
        "receipt_url": None if has_failed else f"{public_url}/stripe/receipts/{charge_id(value)}",
        "refunded": value.status is Status.REFUNDED or value.status in _RELEASED,
        "review": None,
        "shipping": details.shipping,
        "source": _source(details.instrument, public_url),
        "source_transfer": None,
        "statement_descriptor": details.statement_descriptor,
        "statement_descriptor_suffix": details.statement_descriptor_suffix,
        "status": _status(value),
        "transfer_data": None,
        "transfer_group": details.transfer_group,
    }


def _source(instrument: SavedInstrument | None, public_url: str) -> Object | None:
    """What paid, in the words of before there were payment methods; only what was made in them."""
    if instrument is None or instrument.card is None or instrument.form == "instrument":
        return None
    return payment_source(instrument, public_url)


def _status(payment: Payment) -> str:
    if payment.status is Status.FAILED:
        return "failed"
    return "pending" if payment.status is Status.PENDING else "succeeded"


def _outcome(payment: Payment, details: ChargeDetails) -> Object | None:
    if payment.status is Status.PENDING:
        return None
    risk = published(details.instrument.card) if details.instrument and details.instrument.card else None
    level: Any = risk.risk_level if risk else "not_assessed"
    failure = details.failure
    is_blocked = risk is not None and risk.blocked
    shown: Object = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": "elevated_risk_level" if level == "elevated" else None,
        "risk_level": level,
        "seller_message": "Payment complete.",
        "type": "manual_review" if level == "elevated" else "authorized",
    }
    if risk is not None:
        shown["risk_score"] = risk.risk_score
    if payment.status is Status.FAILED and failure is not None:
        shown |= {
            "network_status": "not_sent_to_network" if is_blocked else "declined_by_network",
            "reason": "highest_risk_level" if is_blocked else failure.decline_code or failure.code,
            "seller_message": "The bank declined this payment."
            if not is_blocked
            else "This payment was blocked as too risky.",
            "type": "blocked" if is_blocked else "issuer_declined",
        }
        if risk is not None and not is_blocked:
            shown |= {"advice_code": "try_again_later", "network_decline_code": "05"}
    return shown


def _method_details(payment: Payment, details: ChargeDetails) -> Object | None:
    instrument = details.instrument
    if instrument is None:
        return None
    if instrument.card is None:
        if (kind := type_of(instrument)) == CUSTOM:
            return {"type": kind}
        shown = {name: each for name, each in of_type(instrument).items() if name not in _ONLY_OF_METHODS}
        return {kind: shown, "type": kind}
    return {"card": _card_details(payment, details, instrument), "type": "card"}


def _card_details(payment: Payment, details: ChargeDetails, instrument: SavedInstrument) -> Object:
    card = instrument.card
    if card is None:
        raise LookupError(f"{instrument.id} is no card")
    has_failed = payment.status is Status.FAILED
    shown: Object = {
        "amount_authorized": None if has_failed else amount_of(payment.order.amount),
        "authorization_code": None if has_failed else payment.id.replace("-", "")[-6:].upper(),
        "brand": card.brand,
        "checks": checks(published(card), instrument.billing, has_cvc=card.has_cvc),
        "country": card.country,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "incremental_authorization": {"status": "available" if details.may_increment else "unavailable"},
        "installments": None,
        "last4": card.last4,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": None if has_failed else payment.id.replace("-", "")[:15],
        "overcapture": {
            "maximum_amount_capturable": amount_of(payment.order.amount),
            "status": "unavailable",
        },
        "regulated_status": "unregulated",
        "three_d_secure": _three_d_secure(payment, card),
        "wallet": None,
    }
    if payment.status is Status.AUTHORIZED:
        shown["capture_before"] = seconds_or_none(payment.expires_at)
    return shown


def _three_d_secure(payment: Payment, card: SavedCard) -> Object | None:
    was_challenged = any(each.action is Action.CHALLENGE for each in payment.transitions)
    flow = authentication_flow(card, is_challenged=was_challenged)
    if flow is None:
        return None
    return {
        "authentication_flow": flow,
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "exemption_indicator_applied": False,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": payment.id,
        "version": "2.2.0",
    }
