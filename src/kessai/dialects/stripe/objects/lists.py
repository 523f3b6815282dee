"""Lists that are members of an object, as the Stripe API shows them: the first of each, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from kessai.dialects.stripe.objects.charge import charge
from kessai.dialects.stripe.objects.payment_source import payment_source
from kessai.dialects.stripe.objects.refund import refund
from kessai.dialects.stripe.shape import Object, list_object
from kessai.domain.payment import Payment
from kessai.domain.refund import Refund
from kessai.domain.saved_instrument import SavedInstrument

T = TypeVar("T")

FIRST: Final = 10
"""As many as the API shows of a list inside an object."""


def charges_in(
    parent: Object, found: Sequence[Payment], public_url: str, *, is_counted: bool = False
) -> Object:
    """The charges of an intent. A list that `is_counted` says how many there are in all."""
    url = f"/v1/charges?payment_intent={parent['id']}"
    return _first(url, found, lambda each: charge(each, public_url), is_counted=is_counted)


def refunds_in(parent: Object, found: Sequence[Refund], *, is_counted: bool = False) -> Object:
    """The refunds of a charge."""
    return _first(f"/v1/charges/{parent['id']}/refunds", found, refund, is_counted=is_counted)


def sources_in(parent: Object, found: Sequence[SavedInstrument], *, is_counted: bool = False) -> Object:
    """The cards and sources of a customer."""
    url = f"/v1/customers/{parent['id']}/sources"
    return _first(url, found, payment_source, is_counted=is_counted)


def nothing_in(parent: Object, name: str, *, is_counted: bool = False) -> Object:
    """A list of what kessai keeps none of."""
    return _first(f"/v1/{parent['object']}s/{parent['id']}/{name}", (), dict, is_counted=is_counted)


def _first(url: str, found: Sequence[T], render: Callable[[T], Object], *, is_counted: bool) -> Object:
    shown = list_object(url, [render(each) for each in found[:FIRST]], has_more=len(found) > FIRST)
    return {**shown, "total_count": len(found)} if is_counted else shown
