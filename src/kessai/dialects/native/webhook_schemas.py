"""The wire shapes of webhooks: endpoints, events and deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from kessai.dialects.native.events import EVENT_NAMES
from kessai.dialects.native.schemas import GraceIn, In, ListQuery, Moment, Patch, page_of, text
from kessai.domain.delivery import DeliveryStatus
from kessai.domain.endpoint import EVERY_EVENT
from kessai.domain.event import NATIVE_EVENTS
from kessai.domain.schedules import NAMES as SCHEDULE_NAMES
from kessai.domain.schedules import NATIVE
from kessai.http.routes import Out
from kessai.services.endpoint_rules import SECRET_MAX, SECRET_MIN, URL_MAX

Url = Annotated[
    str,
    text(URL_MAX, length_min=1),
    Field(
        description="http or https, without user, password or fragment",
        examples=["http://localhost:3000/webhooks"],
    ),
]
NativeEvent = Literal[NATIVE_EVENTS]  # type: ignore[valid-type]
EventNames = Annotated[
    list[Literal[EVENT_NAMES]],  # type: ignore[valid-type]
    Field(min_length=1, max_length=len(EVENT_NAMES), description="Which events to send; `*` is all of them"),
]
Description = Annotated[str, text(500)]
Secret = Annotated[
    str,
    text(SECRET_MAX, length_min=SECRET_MIN),
    Field(description="A secret of your own, printable ASCII; one is made when left out"),
]


RetrySchedule = Annotated[
    Literal[SCHEDULE_NAMES],  # type: ignore[valid-type]
    Field(description="When failed attempts are repeated; `native` is set by the server's operator"),
]


VerifyTls = Annotated[
    bool,
    Field(
        description="Whether the certificate behind an https URL has to be good; "
        "false only where `HOST` is a loopback address"
    ),
]


class EndpointIn(In):
    """An endpoint to be made."""

    url: Url
    events: EventNames = Field(default_factory=lambda: [EVERY_EVENT])
    description: Description | None = None
    retry_schedule: RetrySchedule = NATIVE
    verify_tls: VerifyTls = True
    enabled: bool = True
    secret: Secret | None = None


class EndpointPatch(Patch):
    """What is sent is changed; `description` null removes it."""

    url: Url = ""
    events: EventNames = Field(default_factory=list)
    description: Description | None = None
    retry_schedule: RetrySchedule = NATIVE
    verify_tls: VerifyTls = True
    enabled: bool = True


class RotateIn(GraceIn):
    """A secret of your own, or a made one; for how long the present one signs beside it."""

    secret: Secret | None = None


class RecoverIn(In):
    """The time in which the endpoint was down."""

    since: Moment = Field(
        description="What happened at this moment or later", examples=["2026-01-31T12:00:00Z"]
    )
    until: Moment | None = Field(None, description="and before this one; until now when left out")


class RecoveredOut(Out):
    """What is on its way again: `recovered` had been given up, `missed` had never been sent there.

    `pruned` cannot be sent any more. `has_more`: one request recovers no more than this, ask again.
    """

    endpoint_id: str
    recovered: int
    missed: int
    pruned: int
    has_more: bool


class EventQuery(ListQuery):
    """Filters of the list of events."""

    event: NativeEvent | None = Field(None, description="Only events of this type")
    payment_id: str | None = Field(None, description="Only events of this payment")
    created_from: Moment | None = Field(None, description="At this moment or later")
    created_to: Moment | None = Field(None, description="Before this moment")


class DeliveryQuery(ListQuery):
    """Filters of the list of deliveries, in any combination."""

    endpoint_id: str | None = None
    event_id: str | None = None
    payment_id: str | None = Field(None, description="Only those of this payment's events")
    event: NativeEvent | None = Field(None, description="Only events of this type")
    status: DeliveryStatus | None = None
    created_from: Moment | None = Field(None, description="At this moment or later")
    created_to: Moment | None = Field(None, description="Before this moment")


class EndpointOut(Out):
    """An endpoint without its secret. `failing_since`: no delivery has arrived after this moment.

    After many `consecutive_failures` attempts are spaced: none is made before `paused_until`.
    """

    id: str
    url: str
    events: list[str]
    description: str | None
    retry_schedule: str
    verify_tls: bool
    enabled: bool
    disabled_reason: str | None
    failing_since: datetime | None
    consecutive_failures: int
    paused_until: datetime | None
    created_at: datetime
    updated_at: datetime


class EndpointCreatedOut(EndpointOut):
    """An endpoint with its secret."""

    secret: str


class EndpointSecretOut(Out):
    """The secrets that sign now: while a rotation's grace period lasts, the one before it too."""

    id: str
    secret: str
    previous_secret: str | None
    previous_expires_at: datetime | None


class EndpointDeletedOut(Out):
    """The endpoint is gone."""

    id: str
    deleted: Literal[True]


class PingOut(Out):
    """What came back from a ping."""

    delivered: bool
    status_code: int | None
    latency_ms: int
    answer: str
    error: str | None


class HeaderOut(Out):
    """One header as it went over the wire."""

    name: str
    value: str


class AttemptOut(Out):
    """One try: what was sent and came back, the first 4 KiB of the answer, or why there was none.

    Of `latency_ms`, `connect_ms` went into connecting (null on a connection that was open already), and
    `first_byte_ms` had passed when the answer began.
    """

    number: int
    started_at: datetime
    status_code: int | None
    latency_ms: int
    connect_ms: int | None
    first_byte_ms: int | None
    request_headers: list[HeaderOut]
    answer_headers: list[HeaderOut]
    answer: str
    error: str | None


class DeliveryOut(Out):
    """One event on its way to one endpoint. `body` is what every attempt sends, byte for byte.

    It is null, and `attempts` are gone, once both were pruned at `pruned_at`.
    """

    id: str
    endpoint_id: str
    event_id: str
    event: str
    status: DeliveryStatus
    attempt_count: int
    next_attempt_at: datetime | None
    last_error: str | None
    body: str | None
    pruned_at: datetime | None
    attempts: list[AttemptOut]
    created_at: datetime
    updated_at: datetime


class EventOut(Out):
    """What happened. `body` is what endpoints are sent; null once it was pruned at `pruned_at`."""

    id: str
    event: str
    payment_id: str | None
    refund_id: str | None
    endpoint_id: str | None
    document_id: str | None
    body: Mapping[str, Any] | None
    pruned_at: datetime | None
    created_at: datetime


class EventWithDeliveriesOut(EventOut):
    """What happened, and where it was told."""

    deliveries: list[DeliveryOut]


class RedeliveredOut(Out):
    """The deliveries on their way again."""

    data: list[DeliveryOut]


EndpointPage: Final = page_of(EndpointOut, "WebhookEndpointPage")
EventPage: Final = page_of(EventOut, "EventPage")
DeliveryPage: Final = page_of(DeliveryOut, "DeliveryPage")
