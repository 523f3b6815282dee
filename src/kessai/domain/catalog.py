"""What is for sale: products, the prices they are sold at, and what it costs to have them sent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from kessai.domain.document import Document
from kessai.domain.money import Money
from kessai.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class Product(Document):
    """Something for sale. `default_price_id` is the price it has unless another is named.

    `details` are what a dialect was told of it and shows again, which no rule looks at.
    """

    kind: ClassVar[str] = "product"

    name: str
    is_active: bool = True
    description: str | None = None
    url: str | None = None
    default_price_id: str | None = None
    metadata: Mapping[str, str]
    details: Mapping[str, Any]


@value(frozen=True, slots=True, kw_only=True)
class Price(Document):
    """What one of a product costs: `amount` minor units of `currency`, as text, for its decimals.

    `recurring` says how often, if more than once: "interval" and "interval_count". `lookup_key` is a name
    that at most one of a merchant's prices has.
    """

    kind: ClassVar[str] = "price"

    product_id: str
    currency: str
    amount: str
    is_active: bool = True
    recurring: Mapping[str, Any] | None = None
    lookup_key: str | None = None
    nickname: str | None = None
    metadata: Mapping[str, str]
    details: Mapping[str, Any]

    @property
    def owner_id(self) -> str | None:
        return self.product_id

    @property
    def lookup(self) -> str | None:
        return self.lookup_key

    @property
    def whole_amount(self) -> int | None:
        """The amount as a whole number of minor units; None when it has decimals."""
        amount = Decimal(self.amount)
        return int(amount) if amount == amount.to_integral_value() else None

    def of_many(self, quantity: int) -> Money:
        """What so many cost, half a minor unit rounded up."""
        total = (Decimal(self.amount) * quantity).to_integral_value(ROUND_HALF_UP)
        return Money(int(total), self.currency)


@value(frozen=True, slots=True, kw_only=True)
class ShippingRate(Document):
    """A way to have goods sent, and what that costs; one that is not active is offered to nobody new.

    `details` are what a dialect was told of it and shows again, which no rule looks at.
    """

    kind: ClassVar[str] = "shipping_rate"

    name: str
    amount: Money
    is_active: bool = True
    metadata: Mapping[str, str]
    details: Mapping[str, Any]
