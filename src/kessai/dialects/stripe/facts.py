"""From parameters that many objects share to facts: metadata, addresses, free text. Nothing real is kept.

A parameter that was set to the empty string is None: it unsets what was there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError
from kessai.simulation.card_data import mask_card_data, mask_card_data_under
from kessai.simulation.cards import holds_real_number


def metadata_of(given: Given, known: Mapping[str, str]) -> dict[str, str]:
    """Metadata after an update: it merges, an empty value deletes its key, an empty whole deletes all."""
    if "metadata" not in given:
        return dict(known)
    changes = given["metadata"]
    if not changes:
        return {}
    merged = {**known, **masked(changes)}
    return {key: value for key, value in merged.items() if value != ""}


def masked(text: Any) -> Any:
    """The same without card data, however deep."""
    if isinstance(text, str):
        return mask_card_data(text)
    if isinstance(text, Mapping):
        return {masked(key): _masked_under(key, value) for key, value in text.items()}
    return [masked(each) for each in text] if isinstance(text, list) else text


def _masked_under(key: Any, value: Any) -> Any:
    return mask_card_data_under(str(key), value) if isinstance(value, str) else masked(value)


def refuse_real_numbers_in(url: str, param: str) -> None:
    """Refuse an address with what could be a real card number: masked it would lead elsewhere.

    Raises:
        StripeError: there is one.
    """
    if holds_real_number(url):
        raise StripeError(
            "Not a valid URL: it holds what could be a real card number.", param=param, code="url_invalid"
        )


def given_of(given: Given, *names: str) -> dict[str, Any]:
    """Those of these parameters that were given, masked."""
    return {name: masked(given[name]) for name in names if name in given}


def shipping_of(given: Any) -> Any:
    """Where goods go, every member of it there."""
    if not given:
        return None
    address = given.get("address") or {}
    names = ("city", "country", "line1", "line2", "postal_code", "state")
    return masked(
        {
            "address": {name: address.get(name) for name in names},
            "carrier": given.get("carrier"),
            "name": given.get("name"),
            "phone": given.get("phone"),
            "tracking_number": given.get("tracking_number"),
        }
    )


def address_of(given: Any) -> Any:
    """An address, every member of it there; None when there is none."""
    if not given:
        return None
    names = ("city", "country", "line1", "line2", "postal_code", "state")
    return masked({name: given.get(name) for name in names})
