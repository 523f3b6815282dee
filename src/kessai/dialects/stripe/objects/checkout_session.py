"""Checkout sessions, and the lines in them, as the Stripe API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kessai.dialects.stripe.amounts import amount_of
from kessai.dialects.stripe.ids import encode, encode_short
from kessai.dialects.stripe.objects.price import price
from kessai.dialects.stripe.objects.shipping_rate import rate_id
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.checkout import CheckoutLine, CheckoutPayment, CheckoutSession, CheckoutStatus

STATUSES: Final = {
    CheckoutStatus.OPEN: "open",
    CheckoutStatus.COMPLETE: "complete",
    CheckoutStatus.EXPIRED: "expired",
}
_PAYMENTS: Final = {
    CheckoutPayment.UNPAID: "unpaid",
    CheckoutPayment.PAID: "paid",
    CheckoutPayment.NOT_NEEDED: "no_payment_required",
}
OFF: Final = {"enabled": False}
NO_TEXT: Final = {
    "after_submit": None,
    "shipping_address": None,
    "submit": None,
    "terms_of_service_acceptance": None,
}
NO_INVOICE: Final[Object] = {
    "account_tax_ids": None,
    "custom_fields": None,
    "description": None,
    "footer": None,
    "issuer": None,
    "metadata": {},
    "rendering_options": None,
}


def session_id(value: CheckoutSession) -> str:
    """Its id in this API."""
    return encode("cs_test", value.id)


def session_url(value: CheckoutSession, public_url: str) -> str:
    """The page where it is paid."""
    return f"{public_url}/stripe/checkout/{session_id(value)}"


def checkout_session(value: CheckoutSession, public_url: str = "") -> Object:
    """A session, without its lines."""
    details = value.details
    return {
        "id": session_id(value),
        "object": "checkout.session",
        "adaptive_pricing": OFF,
        "after_expiration": None,
        "allow_promotion_codes": details.get("allow_promotion_codes"),
        **_amounts(value),
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": details.get("billing_address_collection"),
        "cancel_url": value.cancel_url,
        "client_reference_id": value.reference,
        "client_secret": None,
        "collected_information": _collected_information(value.payer_details),
        "consent": None,
        "consent_collection": None,
        "created": seconds(value.created_at),
        "currency": details.get("currency") if value.is_setup else value.currency.lower(),
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": NO_TEXT,
        "customer": value.customer_id and encode_short(value.customer_id),
        "customer_account": None,
        "customer_creation": details.get("customer_creation"),
        "customer_details": _customer_details(value),
        "customer_email": value.customer_email,
        "discounts": [],
        "expires_at": seconds(value.expires_at),
        "invoice": None,
        "invoice_creation": None if value.is_setup else {"enabled": False, "invoice_data": NO_INVOICE},
        "integration_identifier": None,
        "livemode": False,
        "managed_payments": None,
        "locale": details.get("locale"),
        "metadata": dict(value.metadata),
        "mode": "setup" if value.is_setup else "payment",
        "origin_context": None,
        "payment_intent": value.intent_id and encode("pi", value.intent_id),
        "payment_link": value.link_id and encode("plink", value.link_id),
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": _method_options(details),
        "allowed_payment_method_types": details.get("payment_method_types"),
        "payment_method_types": details.get("payment_method_types", ["card"]),
        "payment_status": _PAYMENTS[value.payment_status],
        "permissions": None,
        "phone_number_collection": {"enabled": bool(details.get("asks_phone"))},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": value.setup_id and encode("seti", value.setup_id),
        "shipping_address_collection": shipping_address_collection(details),
        "shipping_options": [
            {"shipping_amount": amount_of(each.amount), "shipping_rate": rate_id(each)}
            for each in value.shipping_rates
        ],
        "status": STATUSES[value.status],
        "submit_type": details.get("submit_type"),
        "subscription": None,
        "success_url": value.success_url,
        "ui_mode": "hosted_page",
        "url": session_url(value, public_url) if value.status is CheckoutStatus.OPEN else None,
        "wallet_options": None,
    }


def line_item(value: CheckoutLine) -> Object:
    """One line."""
    total = amount_of(value.total)
    return {
        "id": encode("li", value.id),
        "object": "item",
        "adjustable_quantity": value.bounds
        and {"enabled": True, "maximum": value.bounds.maximum, "minimum": value.bounds.minimum},
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": value.price.currency.lower(),
        "description": value.name,
        "metadata": dict(value.metadata),
        "price": price(value.price),
        "quantity": value.quantity,
    }


def shipping_address_collection(details: Mapping[str, Any]) -> Object | None:
    """To which countries goods are sent; nothing where nobody is asked."""
    countries = details.get("ships_to")
    return {"allowed_countries": countries} if countries else None


def _amounts(value: CheckoutSession) -> Object:
    """What it costs, all in all and in parts."""
    if value.is_setup:
        names = ("amount_subtotal", "amount_total", "shipping_cost", "total_details")
        return dict.fromkeys(names)
    rate = value.shipping_rate
    shipping = 0 if rate is None else amount_of(rate.amount)
    cost = {"amount_subtotal": shipping, "amount_tax": 0, "amount_total": shipping}
    return {
        "amount_subtotal": amount_of(value.subtotal),
        "amount_total": amount_of(value.total),
        "shipping_cost": None if rate is None else {**cost, "shipping_rate": rate_id(rate)},
        "total_details": {"amount_discount": 0, "amount_shipping": shipping, "amount_tax": 0},
    }


def _method_options(details: Mapping[str, Any]) -> Object:
    """How each type of method is asked; of cards, what is usual too."""
    if "card" not in details.get("payment_method_types", ["card"]):
        return {}
    given = (details.get("payment_method_options") or {}).get("card") or {}
    return {"card": {"request_three_d_secure": "automatic", **given}}


def _collected_information(told: Mapping[str, Any]) -> Object | None:
    """What the payer was asked on the page, once they have told it."""
    if not told:
        return None
    return {
        "business_name": None,
        "individual_name": None,
        "shipping_details": told.get("shipping"),
    }


def _customer_details(value: CheckoutSession) -> Object | None:
    """Who the payer is. A setup tells no address."""
    told = value.payer_details
    email = value.payer_email or value.customer_email
    if email is None and value.status is CheckoutStatus.OPEN:
        return None
    return {
        "address": None if value.is_setup else told.get("address"),
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": told.get("name"),
        "phone": told.get("phone"),
        "tax_exempt": "none",
        "tax_ids": None if value.status is CheckoutStatus.OPEN else [],
    }
