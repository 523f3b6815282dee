"""Merchants as the Stripe API shows them: accounts."""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.ids import decode, encode
from kessai.dialects.stripe.shape import Object, list_object, seconds
from kessai.domain.merchant import ApiKey, Merchant

_COUNTRIES: Final = {
    "AUD": "AU",
    "BRL": "BR",
    "CAD": "CA",
    "CHF": "CH",
    "EUR": "DE",
    "GBP": "GB",
    "HKD": "HK",
    "INR": "IN",
    "JPY": "JP",
    "MXN": "MX",
    "NZD": "NZ",
    "SGD": "SG",
    "USD": "US",
}
"""Where a merchant is taken to be, by its currency."""


def account_id(merchant: Merchant, key: ApiKey) -> str:
    """A merchant's id: the account that its key acts for, if it was named in the requests that use it."""
    return key.public_key.partition("/")[2] or encode("acct", merchant.id)


def is_own(name: str) -> bool:
    """Whether an account's id is one that a merchant has by itself, and not one that a request named."""
    return decode("acct", name) is not None


def account(merchant: Merchant, key: ApiKey) -> Object:
    """The account of whoever asks: everything is enabled, nothing is due."""
    own = account_id(merchant, key)
    return {
        "id": own,
        "object": "account",
        "business_profile": {
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": None,
            "minority_owned_business_designation": None,
            "name": merchant.name,
            "product_description": None,
            "support_address": None,
            "support_email": merchant.email,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": None,
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": _COUNTRIES.get(merchant.default_currency, "US"),
        "created": seconds(merchant.created_at),
        "default_currency": merchant.default_currency.lower(),
        "details_submitted": True,
        "email": merchant.email,
        "external_accounts": list_object(f"/v1/accounts/{own}/external_accounts", [], has_more=False),
        "future_requirements": _nothing_due(),
        "groups": None,
        "metadata": {},
        "payouts_enabled": True,
        "requirements": _nothing_due(),
        "settings": _settings(merchant),
        "tos_acceptance": {"date": None, "ip": None, "service_agreement": "full", "user_agent": None},
        "type": "standard",
    }


def _nothing_due() -> Object:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": [],
        "disabled_reason": None,
        "errors": [],
        "eventually_due": [],
        "past_due": [],
        "pending_verification": [],
    }


def _settings(merchant: Merchant) -> Object:
    return {
        "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": False},
            "statement_descriptor_prefix": None,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": merchant.name, "timezone": "Etc/UTC"},
        "payments": {
            "statement_descriptor": "KESSAI",
            "statement_descriptor_kana": None,
            "statement_descriptor_kanji": None,
        },
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 2, "interval": "manual"},
            "statement_descriptor": None,
        },
    }
