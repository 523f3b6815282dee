"""The native API's wire shapes: what comes in is strict, what goes out is described."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    create_model,
)

from kessai.domain.currencies import EXPONENTS
from kessai.domain.ids import canonical
from kessai.domain.instrument import InstrumentType
from kessai.domain.merchant import GRACE_MAX
from kessai.domain.money import AMOUNT_MAX
from kessai.domain.payment import AUTHORIZATION_LASTS, CaptureMethod
from kessai.domain.refund import RefundStatus
from kessai.domain.transitions import Action, Status
from kessai.http.routes import Out
from kessai.simulation.table import SIMULATIONS

_NO_NUL: Final = "^[^\\x00]*$"
_EMAIL: Final = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"
"""What HTML accepts in an e-mail field: every address that is really used, and no library to start."""

_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:", re.ASCII)
_ID: Final = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
"""Ids as the OpenAPI document tells of them."""

DELAY_MAX_S: Final = 7 * 24 * 3600
EXPIRES_IN_MAX_S: Final = int(AUTHORIZATION_LASTS.total_seconds())


def text(length_max: int, *, length_min: int = 0) -> Any:
    """Text that every database can keep: no NUL."""
    return StringConstraints(min_length=length_min, max_length=length_max, pattern=_NO_NUL)


def _known_currency(code: str) -> str:
    if code not in EXPONENTS:
        raise ValueError("not an ISO 4217 currency in use; write for example INR, USD or JPY")
    return code


def _known_simulation(name: str) -> str:
    if name not in SIMULATIONS:
        raise ValueError(f"not a simulation; one of {', '.join(SIMULATIONS)}")
    return name


def _known_id(text: str) -> str:
    known = canonical(text)
    if known is None:
        raise ValueError("not an id; ids are UUIDs")
    return known


def _written_out(value: object) -> object:
    # A bare number would be taken for seconds, or milliseconds, since 1970.
    if not isinstance(value, str) or not _MOMENT.match(value):
        raise ValueError("a moment is RFC 3339, for example 2026-01-31T12:00:00Z")
    return value


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a moment needs its offset, for example 2026-01-31T12:00:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("a moment lies within the years 1 to 9999 of UTC") from None


Amount = Annotated[
    int, Field(ge=1, le=AMOUNT_MAX, description="Minor units of the currency", examples=[10000])
]
Currency = Annotated[
    str,
    StringConstraints(to_upper=True, min_length=3, max_length=3, pattern="^[A-Za-z]{3}$"),
    AfterValidator(_known_currency),
    Field(description="ISO 4217, any case", examples=["INR"]),
]
Email = Annotated[
    str, StringConstraints(max_length=254, pattern=_EMAIL), Field(examples=["customer@example.com"])
]
Id = Annotated[
    str,
    AfterValidator(_known_id),
    Field(json_schema_extra={"pattern": _ID}, examples=["0199d3c2-5f00-7000-8000-0000000000d1"]),
]
Moment = Annotated[datetime, Field(strict=False), BeforeValidator(_written_out), AfterValidator(_utc)]
Simulate = Annotated[
    str, AfterValidator(_known_simulation), Field(json_schema_extra={"enum": list(SIMULATIONS)})
]
Metadata = Annotated[
    dict[Annotated[str, text(40, length_min=1)], Annotated[str, text(500)]], Field(max_length=50)
]


class In(BaseModel):
    """A body: strict types, no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _without_defaults(schema: dict[str, Any]) -> None:
    for each in schema["properties"].values():
        each.pop("default", None)


class Patch(In):
    """A body of which only what was sent is read: its defaults are neither used nor shown."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)


class ListQuery(BaseModel):
    """What every list takes. Values come as text, so types are not strict here."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=100, description="Rows on one page")] = 20
    cursor: Annotated[str | None, Field(max_length=64, description="`next_cursor` of the page before")] = None


class CardIn(In):
    """A published test card. The cvc is checked and never kept."""

    number: Annotated[str, text(32, length_min=1), Field(examples=["4242424242424242"])]
    exp_month: Annotated[int, Field(ge=1, le=12)]
    exp_year: Annotated[int, Field(ge=2000, le=2099)]
    cvc: Annotated[str | None, StringConstraints(pattern="^[0-9]{3,4}$")] = None


class UpiIn(In):
    """A UPI address."""

    vpa: Annotated[
        str,
        StringConstraints(max_length=100, pattern="^[A-Za-z0-9._-]+@[A-Za-z0-9]+$"),
        Field(examples=["success@razorpay"]),
    ]


class PaymentMethodIn(In):
    """What pays. `card` goes with type card, `upi` with type upi."""

    type: Literal[tuple(each.value for each in InstrumentType)]  # type: ignore[valid-type]
    card: CardIn | None = None
    upi: UpiIn | None = None


class PaymentIn(In):
    """A payment to be made."""

    amount: Amount
    currency: Currency | None = None
    description: Annotated[str, text(500)] | None = None
    customer_email: Email | None = None
    metadata: Metadata = Field(default_factory=dict)
    simulate: Simulate | None = Field(None, description="What the pretend bank does; default `success`")
    capture_method: Literal["automatic", "manual"] = "automatic"
    payment_method: PaymentMethodIn | None = None
    reference: Annotated[str, text(100)] | None = Field(None, description="Your own order id")
    delay_s: Annotated[int, Field(ge=0, le=DELAY_MAX_S)] | None = Field(
        None,
        description="How long `pending_…` takes to settle, `slow` to answer, a refund of `refund_failure` to "
        "fail and of `refund_pending` to be processed, and how long there is to answer a dispute",
    )
    expires_in_s: Annotated[int, Field(ge=1, le=EXPIRES_IN_MAX_S)] | None = Field(
        None,
        description="How long a hold stands, with `capture_method` `manual`; default 7 days",
    )
    customer_id: Id | None = Field(
        None, description="Who pays; their default instrument does, where nothing else is named"
    )
    instrument_id: Id | None = Field(
        None, description="What pays: a saved instrument, instead of `payment_method`"
    )
    off_session: bool = Field(
        False, description="The payer is not there to prove who they are; with a saved instrument"
    )


class CaptureIn(In):
    """How much to take; all that is held when left out."""

    amount: Amount | None = None


class IncrementIn(In):
    """How much is to be held in all: the new total, not what is added."""

    amount: Amount


class RefundIn(In):
    """How much to give back; what is left when left out."""

    amount: Amount | None = None
    reason: Annotated[str, text(500)] | None = Field(None, examples=["Customer requested"])


class RefundOfIn(RefundIn):
    """The same by another door: the payment is named in the body."""

    payment_id: Annotated[str, StringConstraints(pattern="^[0-9A-Fa-f-]{36}$")]


class PaymentQuery(ListQuery):
    """Filters of the list of payments, in any combination."""

    status: Literal[tuple(each.value for each in Status)] | None = None  # type: ignore[valid-type]
    currency: Currency | None = None
    customer_email: Annotated[str, text(254)] | None = None
    reference: Annotated[str, text(100)] | None = None
    simulate: Simulate | None = None
    created_from: Moment | None = Field(None, description="At this moment or later")
    created_to: Moment | None = Field(None, description="Before this moment")
    amount_min: Annotated[int, Field(ge=0, le=AMOUNT_MAX)] | None = None
    amount_max: Annotated[int, Field(ge=0, le=AMOUNT_MAX)] | None = None


class MerchantPatch(Patch):
    """What a merchant may change of itself. `webhook_url` null removes the endpoint it made."""

    name: Annotated[str, text(200, length_min=1)] = ""
    email: Email | None = None
    default_currency: Currency = "INR"
    webhook_url: Annotated[str, text(2000, length_min=1)] | None = None
    is_active: bool = True


class KeyIn(In):
    """A key to be made."""

    name: Annotated[str, text(100)] | None = None
    expires_at: Moment | None = None


class GraceIn(In):
    """How long the old secret works beside the new one."""

    grace_period_s: Annotated[int, Field(ge=0, le=int(GRACE_MAX.total_seconds()))] = 0


class PaymentMethodOut(Out):
    """What is kept of an instrument."""

    type: str
    brand: str | None
    last4: str | None


class NextActionOut(Out):
    """Where the payer goes next."""

    redirect_url: str


class PaymentOut(Out):
    """A payment as it stands."""

    id: str
    amount: int
    currency: str
    status: Status
    description: str | None
    customer_email: str | None
    metadata: dict[str, str]
    reference: str | None
    capture_method: CaptureMethod
    simulate: str
    captured_amount: int
    refunded_amount: int
    error_code: str | None
    error_message: str | None
    payment_method: PaymentMethodOut | None
    customer_id: str | None
    instrument_id: str | None
    intent_id: str | None
    next_action: NextActionOut | None
    created_at: datetime
    updated_at: datetime
    authorized_at: datetime | None
    captured_at: datetime | None
    expires_at: datetime | None


class RefundOut(Out):
    """A refund."""

    id: str
    payment_id: str
    amount: int
    currency: str
    status: RefundStatus
    reason: str | None
    payment_status: Status
    error_code: str | None
    created_at: datetime


class TimelineEntryOut(Out):
    """A state change, an event or a delivery attempt; `kind` says which fields are there."""

    kind: Literal["transition", "event", "attempt"]
    at: datetime
    action: Action | None = None
    from_status: Status | None = None
    to_status: Status | None = None
    amount: int | None = None
    event_id: str | None = None
    event: str | None = None
    endpoint_id: str | None = None
    delivery_id: str | None = None
    attempt: int | None = None
    status_code: int | None = None
    error: str | None = None


class TimelineOut(Out):
    """What happened to a payment, oldest first."""

    payment_id: str
    data: list[TimelineEntryOut]


class MerchantOut(Out):
    """A merchant as it sees itself."""

    id: str
    name: str
    email: str | None
    default_currency: str
    webhook_url: str | None
    is_active: bool
    created_at: datetime


class KeyOut(Out):
    """A key without its secret."""

    id: str
    name: str | None
    public_key: str
    last4: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


class IssuedKeyOut(Out):
    """A key with its secret, shown this once."""

    id: str
    name: str | None
    public_key: str
    secret_key: str
    created_at: datetime
    expires_at: datetime | None
    previous_expires_at: datetime | None


def page_of(model: type[BaseModel], name: str) -> type[BaseModel]:
    """The shape of a page of `model`."""
    shape: Any = create_model(
        name,
        __base__=Out,
        __doc__="One page; follow `next_cursor` for the next.",
        data=(list[model], ...),  # type: ignore[valid-type]
        has_more=(bool, ...),
        next_cursor=(str | None, ...),
    )
    return shape


PaymentPage: Final = page_of(PaymentOut, "PaymentPage")
RefundPage: Final = page_of(RefundOut, "RefundPage")
KeyPage: Final = page_of(KeyOut, "ApiKeyPage")
