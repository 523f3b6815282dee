"""The wire shapes of whoever pays more than once: customers and saved instruments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from kessai.dialects.native.schemas import (
    Email,
    Id,
    In,
    ListQuery,
    Metadata,
    Patch,
    PaymentMethodIn,
    page_of,
    text,
)
from kessai.http.routes import Out

Name = Annotated[str, text(200, length_min=1)]
Phone = Annotated[str, text(50, length_min=1), Field(examples=["+81 3 1234 5678"])]
Description = Annotated[str, text(500)]


class CustomerIn(In):
    """A customer to be made."""

    name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    description: Description | None = None
    metadata: Metadata = Field(default_factory=dict)


class CustomerPatch(Patch):
    """What is sent is changed, `metadata` as a whole; null removes. A default has to be attached."""

    name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    description: Description | None = None
    metadata: Metadata = Field(default_factory=dict)
    default_instrument_id: Id | None = None


class CustomerQuery(ListQuery):
    """Filters of the list of customers."""

    email: Annotated[str, text(254)] | None = Field(None, description="Only those with this address")


class InstrumentIn(PaymentMethodIn):
    """An instrument to be kept. `card` goes with type card, `upi` with type upi."""

    customer_id: Id | None = Field(None, description="Whose it is; nobody's when left out")
    metadata: Metadata = Field(default_factory=dict)


class ExpiryPatch(Patch):
    """When a card that was renewed ends."""

    exp_month: Annotated[int, Field(ge=1, le=12)] = 1
    exp_year: Annotated[int, Field(ge=2000, le=2099)] = 2000


class InstrumentPatch(Patch):
    """What is sent is changed, `metadata` as a whole. `card` is of type card alone."""

    card: ExpiryPatch = Field(default_factory=ExpiryPatch)
    metadata: Metadata = Field(default_factory=dict)


class AttachIn(In):
    """Whose an instrument is to be."""

    customer_id: Id


class CustomerOut(Out):
    """A customer. `default_instrument_id` pays where a payment names nothing else."""

    id: str
    name: str | None
    email: str | None
    phone: str | None
    description: str | None
    metadata: dict[str, str]
    default_instrument_id: str | None
    created_at: datetime
    updated_at: datetime


class SavedCardOut(Out):
    """What is kept of a card. The same number has the same `fingerprint`."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    funding: str
    country: str
    fingerprint: str


class InstrumentOut(Out):
    """A saved instrument. `card` is there for type card; of a UPI address nothing is kept.

    `is_set_up`: it is good for payments without its payer. `is_detached`: it cannot be used again.
    """

    id: str
    type: str
    card: SavedCardOut | None
    customer_id: str | None
    is_set_up: bool
    is_detached: bool
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime


class DeletedOut(Out):
    """It is gone."""

    id: str
    deleted: Literal[True]


CustomerPage: Final = page_of(CustomerOut, "CustomerPage")
InstrumentPage: Final = page_of(InstrumentOut, "InstrumentPage")
