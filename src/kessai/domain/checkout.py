"""Checkout sessions: a payer is sent to a page, and comes back when they have paid or given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from kessai.domain.catalog import Price, ShippingRate
from kessai.domain.document import Document
from kessai.domain.errors import TransitionNotAllowedError
from kessai.domain.intent import Intent, IntentStatus
from kessai.domain.money import Money, zero
from kessai.domain.values import value


class CheckoutMode(StrEnum):
    """What a session is for: to be paid now, or to have something to be paid with later."""

    PAYMENT = "PAYMENT"
    SETUP = "SETUP"


class CheckoutStatus(StrEnum):
    """Where a session stands."""

    OPEN = "OPEN"
    COMPLETE = "COMPLETE"
    EXPIRED = "EXPIRED"


class CheckoutPayment(StrEnum):
    """Whether the money has come."""

    UNPAID = "UNPAID"
    PAID = "PAID"
    NOT_NEEDED = "NOT_NEEDED"


@value(frozen=True, slots=True)
class QuantityBounds:
    """How many of a line its payer may choose."""

    minimum: int
    maximum: int


@value(frozen=True, slots=True, kw_only=True)
class CheckoutLine:
    """So many of one price, as it was when the session was made. `name` is the product's.

    `bounds` are those of what the payer may choose; without them the quantity is fixed.
    """

    id: str
    name: str
    price: Price
    quantity: int
    bounds: QuantityBounds | None = None
    metadata: Mapping[str, str]

    @property
    def total(self) -> Money:
        """What the line costs."""
        return self.price.of_many(self.quantity)


def total_of(lines: Sequence[CheckoutLine], currency: str) -> Money:
    """What all of these lines, of one currency, cost together."""
    return sum((line.total for line in lines), zero(currency))


@value(frozen=True, slots=True, kw_only=True)
class CheckoutSession(Document):
    """A page where somebody pays for `lines`. It is open until somebody has, or until `expires_at`.

    `intent_id` or `setup_id` is what the payer tries; there is none until they first do. A setup has no
    lines, and its currency means nothing. `link_id` is the payment link that was opened, if one was. Without
    a `success_url` the payer stays at the page. `payer_email` is what the payer wrote, and `payer_details`
    what else. `shipping_rates` are those that the payer may choose from. `details` are what a dialect was
    told of it and shows again, which no rule looks at.
    """

    kind: ClassVar[str] = "checkout_session"

    mode: CheckoutMode = CheckoutMode.PAYMENT
    status: CheckoutStatus = CheckoutStatus.OPEN
    payment_status: CheckoutPayment
    currency: str
    lines: tuple[CheckoutLine, ...]
    expires_at: datetime
    success_url: str | None
    cancel_url: str | None = None
    link_id: str | None = None
    customer_id: str | None = None
    customer_email: str | None = None
    payer_email: str | None = None
    payer_details: Mapping[str, Any] = field(default_factory=dict)
    shipping_rates: tuple[ShippingRate, ...] = ()
    shipping_rate_id: str | None = None
    reference: str | None = None
    intent_id: str | None = None
    setup_id: str | None = None
    metadata: Mapping[str, str]
    details: Mapping[str, Any]

    @property
    def owner_id(self) -> str | None:
        return self.customer_id

    @property
    def lookup(self) -> str | None:
        return self.intent_id

    @property
    def due_at(self) -> datetime | None:
        return self.expires_at if self.status is CheckoutStatus.OPEN else None

    @property
    def shipping_rate(self) -> ShippingRate | None:
        """How goods are sent: the first way that is offered, until the payer picks another."""
        first = self.shipping_rates[0] if self.shipping_rates else None
        return next((each for each in self.shipping_rates if each.id == self.shipping_rate_id), first)

    @property
    def subtotal(self) -> Money:
        """What all lines cost together."""
        return total_of(self.lines, self.currency)

    @property
    def total(self) -> Money:
        """The same, and to have them sent."""
        rate = self.shipping_rate
        return self.subtotal if rate is None else self.subtotal + rate.amount

    def priced(self) -> CheckoutSession:
        """The same version, to be paid for unless it costs nothing."""
        status = CheckoutPayment.UNPAID if self.total else CheckoutPayment.NOT_NEEDED
        return replace(self, payment_status=status)

    def require_open(self, action: str) -> None:
        """Raise TransitionNotAllowedError unless the payer may still pay."""
        if self.status is not CheckoutStatus.OPEN:
            raise TransitionNotAllowedError(action=action, status=self.status.value, allowed=[])

    def with_facts(self, facts: Mapping[str, Any]) -> CheckoutSession:
        """The same version with these facts."""
        return replace(self, **facts)

    @property
    def is_setup(self) -> bool:
        """Whether nothing is paid now."""
        return self.mode is CheckoutMode.SETUP

    def after(self, intent: Intent) -> dict[str, Any]:
        """The facts that follow from where its intent stands; none when nothing does.

        Held is as good as paid for the payer, and not yet for the merchant. So is a slip to be paid later.
        """
        facts: dict[str, Any] = {}
        is_paid = intent.status is IntentStatus.SUCCEEDED
        if self.status is CheckoutStatus.OPEN and (intent.status in _DONE or intent.slip is not None):
            facts["status"] = CheckoutStatus.COMPLETE
        if is_paid and self.payment_status is CheckoutPayment.UNPAID:
            facts["payment_status"] = CheckoutPayment.PAID
        return facts


_DONE: Final = frozenset({IntentStatus.SUCCEEDED, IntentStatus.AUTHORIZED, IntentStatus.PROCESSING})
