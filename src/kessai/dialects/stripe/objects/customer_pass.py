"""Passes of customers as the Stripe API shows them: ephemeral keys and customer sessions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from kessai.dialects.stripe.ids import encode, encode_short
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.customer_pass import CustomerPass

_FILTERS: Final = {"payment_method_allow_redisplay_filters": ["always"]}
_FEATURES: Final[Mapping[str, Object | None]] = MappingProxyType(
    {
        "active_entitlements": None,
        "buy_button": None,
        "customer_portal": None,
        "customer_sheet": {**_FILTERS, "payment_method_remove": "disabled"},
        "mobile_payment_element": {
            **_FILTERS,
            "payment_method_redisplay": "disabled",
            "payment_method_remove": "disabled",
            "payment_method_save": "disabled",
            "payment_method_save_allow_redisplay_override": None,
        },
        "payment_element": {
            **_FILTERS,
            "payment_method_redisplay": "disabled",
            "payment_method_redisplay_limit": 3,
            "payment_method_remove": "disabled",
            "payment_method_save": "disabled",
            "payment_method_save_usage": None,
        },
        "pricing_table": None,
    }
)
"""Every component, and how its features are unless a session says otherwise; some have none.

Source: `customer_session_resource_components` of Stripe's OpenAPI document and, for those that it does not
know yet, the types of stripe-node 23.1, read 2026-11-26.
"""


def ephemeral_key(value: CustomerPass, *, is_new: bool) -> Object:
    """An ephemeral key; its secret is told once.

    `associated_objects` is in no document, but apps read it. Source: stripe-android,
    `EphemeralKeyJsonParser`, read 2026-11-26.
    """
    customer = {"id": encode_short(value.customer_id), "type": "customer"}
    shown: Object = {
        "id": encode("ephkey", value.id),
        "object": "ephemeral_key",
        "associated_objects": [customer],
        "created": seconds(value.created_at),
        "expires": seconds(value.expires_at),
        "livemode": False,
    }
    return {**shown, "secret": f"ek_test_{value.secret}"} if is_new else shown


def customer_session(value: CustomerPass) -> Object:
    """A customer session."""
    return {
        "object": "customer_session",
        "client_secret": f"cuss_secret_{value.secret}",
        "components": {
            name: _component(features, value.details.get(name) or {}) for name, features in _FEATURES.items()
        },
        "created": seconds(value.created_at),
        "customer": encode_short(value.customer_id),
        "customer_account": None,
        "expires_at": seconds(value.expires_at),
        "livemode": False,
    }


def _component(features: Object | None, given: Mapping[str, Any]) -> Object:
    """One component; what is switched on has every feature there is."""
    is_enabled = bool(given.get("enabled"))
    if features is None:
        return {"enabled": is_enabled}
    asked = given.get("features") or {}
    return {"enabled": is_enabled, "features": {**features, **asked} if is_enabled else None}
