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


def charges_in(parent: Object, found: Sequence[Payment], public_url: str) -> Object:
    """The charges of an intent."""
    return _first(f"/v1/charges?payment_intent={parent['id']}", found, lambda each: charge(each, public_url))


def refunds_in(parent: Object, found: Sequence[Refund]) -> Object:
    """The refunds of a charge."""
    return _first(f"/v1/charges/{parent['id']}/refunds", found, refund)


def sources_in(parent: Object, found: Sequence[SavedInstrument]) -> Object:
    """The cards and sources of a customer."""
    return _first(f"/v1/customers/{parent['id']}/sources", found, payment_source)


def nothing_in(parent: Object, name: str) -> Object:
    """A list of what kessai keeps none of."""
    return list_object(f"/v1/{parent['object']}s/{parent['id']}/{name}", [], has_more=False)


def _first(url: str, found: Sequence[T], render: Callable[[T], Object]) -> Object:
    return list_object(url, [render(each) for each in found[:FIRST]], has_more=len(found) > FIRST)
