"""Every table, with the promises that the database itself keeps. Migrations add up to this file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler

from kessai.domain.delivery import OPEN, DeliveryStatus
from kessai.domain.money import AMOUNT_MAX
from kessai.domain.payment import CaptureMethod
from kessai.domain.refund import RefundStatus
from kessai.domain.transitions import Status
from kessai.storage.types import Bytes, Id, Json, Moment

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


LOOKUP_MAX: Final = 255
"""As much of a text as lists of documents look for."""

IS_NOT_CAPTURED: Final = f"status <> '{Status.CAPTURED.value}'"
"""As it is written in an index: neither database sees through a parameter."""

CAPTURED_LATER: Final = "captured_at > created_at"
"""The payments whose ids do not tell when they were captured."""

GIVEN_BACK_IN_VAIN: Final = "(status = 'FAILED' OR status = 'CANCELED')"
"""The refunds whose money is back on the payment."""


def _one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    # Not IN: SQLite makes a table of its list anew for each row, a tenth of what a payment costs it.
    return CheckConstraint(" OR ".join(f"{column} = '{value}'" for value in values), name=column)


def _just_one(*columns: str) -> str:
    counted = (f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in columns)
    return f"{' + '.join(counted)} = 1"


def _currency(column: str) -> CheckConstraint:
    return CheckConstraint(f"length({column}) = 3 AND {column} = upper({column})", name=column)


def _version() -> Column[int]:
    return Column("version", Integer, nullable=False)


def _merchant() -> Column[str]:
    return Column("merchant_id", Id, ForeignKey("merchants.id"), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Moment, nullable=nullable)


def _partial(name: str, *columns: str, where: str) -> Index:
    """An index of the rows for which `where` holds."""
    return Index(name, *columns, info={"where": where})


@compiles(CreateIndex)
def _create_index(element: CreateIndex, compiler: DDLCompiler, **options: Any) -> str:
    # Both databases spell it alike. SQLAlchemy's own way is an option for each, which loads both dialects.
    where = element.element.info.get("where")
    made: str = compiler.visit_create_index(element, **options)  # type: ignore[no-untyped-call]
    return f"{made} WHERE {where}" if where else made


merchants: Final = Table(
    "merchants",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("email", String(254)),
    Column("default_currency", String(3), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("webhook_endpoint_id", Id),
    _moment("created_at"),
    _moment("updated_at"),
    _version(),
    _currency("default_currency"),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    _merchant(),
    Column("name", String(100)),
    Column("public_key", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("last4", String(4), nullable=False),
    Column("previous_digest", String(64)),
    _moment("previous_expires_at", nullable=True),
    _moment("created_at"),
    _moment("last_used_at", nullable=True),
    _moment("expires_at", nullable=True),
    _moment("revoked_at", nullable=True),
    _version(),
    Column("digested_under", String(16)),
    Column("previous_digested_under", String(16)),
    UniqueConstraint("public_key"),
    UniqueConstraint("digest"),
    UniqueConstraint("previous_digest"),
    Index(None, "merchant_id", "id"),
)

documents: Final = Table(
    "documents",
    metadata,
    Column("id", Id, primary_key=True),
    _merchant(),
    Column("kind", String(40), nullable=False),
    Column("owner_id", Id),
    Column("lookup", String(LOOKUP_MAX)),
    Column("body", Json, nullable=False),
    _moment("due_at", nullable=True),
    _moment("created_at"),
    _moment("deleted_at", nullable=True),
    _version(),
    Index(None, "merchant_id", "kind", "id"),
    _partial("ix_documents_owner", "owner_id", "kind", "id", where="owner_id IS NOT NULL"),
    _partial("ix_documents_lookup", "merchant_id", "kind", "lookup", "id", where="lookup IS NOT NULL"),
    _partial("ix_documents_due", "due_at", where="due_at IS NOT NULL"),
)

payments: Final = Table(
    "payments",
    metadata,
    Column("id", Id, primary_key=True),
    _merchant(),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("status", String(20), nullable=False),
    Column("capture_method", String(10), nullable=False),
    Column("simulate", String(40), nullable=False),
    Column("delay_s", Integer),
    Column("description", String(500)),
    Column("customer_email", String(254)),
    Column("reference", String(100)),
    Column("metadata", Json, nullable=False),
    Column("instrument_type", String(20)),
    Column("instrument_brand", String(20)),
    Column("instrument_last4", String(4)),
    Column("captured_amount", BigInteger, nullable=False),
    Column("refunded_amount", BigInteger, nullable=False),
    Column("error_code", String(40)),
    Column("error_message", String(200)),
    _moment("created_at"),
    _moment("updated_at"),
    _moment("authorized_at", nullable=True),
    _moment("captured_at", nullable=True),
    _moment("expires_at", nullable=True),
    _moment("due_at", nullable=True),
    Column("transitions", Json, nullable=False),
    _version(),
    Column("expires_in_s", Integer),
    Column("intent_id", Id),
    Column("details", Json),
    CheckConstraint(f"amount BETWEEN 1 AND {AMOUNT_MAX}", name="amount"),
    CheckConstraint("captured_amount BETWEEN 0 AND amount", name="captured"),
    CheckConstraint("refunded_amount BETWEEN 0 AND captured_amount", name="refunded"),
    CheckConstraint(
        "(status = 'REFUNDED') = (captured_amount > 0 AND refunded_amount = captured_amount)",
        name="refunded_status",
    ),
    CheckConstraint("(status IN ('CAPTURED', 'REFUNDED')) = (captured_amount > 0)", name="captured_status"),
    CheckConstraint("(status = 'FAILED') = (error_code IS NOT NULL)", name="failed_status"),
    _currency("currency"),
    _one_of("status", Status),
    _one_of("capture_method", CaptureMethod),
    Index(None, "merchant_id", "id"),
    # Not what most come to rest as: it is found on the way, and need not be written down at each create.
    _partial("ix_payments_status", "merchant_id", "status", "id", where=IS_NOT_CAPTURED),
    _partial(
        "ix_payments_customer_email",
        "merchant_id",
        "customer_email",
        "id",
        where="customer_email IS NOT NULL",
    ),
    _partial("ix_payments_reference", "merchant_id", "reference", "id", where="reference IS NOT NULL"),
    _partial("ix_payments_due", "due_at", where="due_at IS NOT NULL"),
    _partial("ix_payments_captured_later", "merchant_id", "captured_at", "id", where=CAPTURED_LATER),
    _partial("ix_payments_intent", "intent_id", "id", where="intent_id IS NOT NULL"),
)

refunds: Final = Table(
    "refunds",
    metadata,
    Column("id", Id, primary_key=True),
    _merchant(),
    Column("payment_id", Id, ForeignKey("payments.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("status", String(20), nullable=False),
    Column("reason", String(500)),
    Column("payment_status", String(20), nullable=False),
    Column("error_code", String(40)),
    _moment("due_at", nullable=True),
    _moment("created_at"),
    _moment("updated_at"),
    _version(),
    Column("details", Json),
    Column("instrument_type", String(20)),
    CheckConstraint(f"amount BETWEEN 1 AND {AMOUNT_MAX}", name="amount"),
    _currency("currency"),
    _one_of("status", RefundStatus),
    _one_of("payment_status", Status),
    Index(None, "payment_id", "id"),
    Index(None, "merchant_id", "id"),
    _partial("ix_refunds_due", "due_at", where="due_at IS NOT NULL"),
    _partial("ix_refunds_in_vain", "merchant_id", "updated_at", "id", where=GIVEN_BACK_IN_VAIN),
)

idempotency_keys: Final = Table(
    "idempotency_keys",
    metadata,
    _merchant(),
    Column("key", String(255), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("body", Bytes, nullable=False),
    Column("is_sealed", Boolean, nullable=False),
    _moment("created_at"),
    _moment("expires_at"),
    Column("request_id", String(128)),
    UniqueConstraint("merchant_id", "key"),
    Index(None, "expires_at"),
)

webhook_events: Final = Table(
    "webhook_events",
    metadata,
    Column("id", Id, primary_key=True),
    _merchant(),
    Column("type", String(40), nullable=False),
    Column("payment_id", Id, ForeignKey("payments.id")),
    Column("refund_id", Id, ForeignKey("refunds.id")),
    Column("endpoint_id", Id, ForeignKey("webhook_endpoints.id")),
    Column("snapshot", Json, nullable=False),
    _moment("occurred_at"),
    _moment("fanned_out_at", nullable=True),
    _moment("pruned_at", nullable=True),
    Column("document_id", Id),
    CheckConstraint(_just_one("payment_id", "endpoint_id", "document_id"), name="subject"),
    Index(None, "merchant_id", "id"),
    Index(None, "payment_id"),
    _partial("ix_webhook_events_document", "document_id", where="document_id IS NOT NULL"),
    _partial("ix_webhook_events_outbox", "id", where="fanned_out_at IS NULL"),
)

webhook_endpoints: Final = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Id, primary_key=True),
    _merchant(),
    Column("url", String(2000), nullable=False),
    Column("events", Json, nullable=False),
    Column("description", String(500)),
    Column("dialect", String(20), nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("disabled_reason", String(200)),
    Column("sealed_secret", Text, nullable=False),
    Column("previous_sealed_secret", Text),
    _moment("previous_expires_at", nullable=True),
    _moment("failing_since", nullable=True),
    _moment("created_at"),
    _moment("updated_at"),
    _moment("deleted_at", nullable=True),
    _version(),
    Column("schedule", String(40), nullable=False, server_default="native"),
    Column("verifies_tls", Boolean, nullable=False, server_default=true()),
    Column("failures", Integer, nullable=False, server_default="0"),
    _moment("rests_until", nullable=True),
    Column("details", Json),
    Index(None, "merchant_id", "id"),
)

webhook_deliveries: Final = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    _merchant(),
    Column("event_id", Id, ForeignKey("webhook_events.id"), nullable=False),
    Column("endpoint_id", Id, ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("event_type", String(40), nullable=False),
    Column("status", String(20), nullable=False),
    Column("body", Bytes, nullable=False),
    Column("attempt_count", Integer, nullable=False),
    Column("retry_count", Integer, nullable=False),
    _moment("due_at", nullable=True),
    _moment("leased_until", nullable=True),
    Column("last_error", String(500)),
    _moment("created_at"),
    _moment("updated_at"),
    _version(),
    Column("payment_id", Id),
    _moment("pruned_at", nullable=True),
    _one_of("status", DeliveryStatus),
    CheckConstraint(
        f"(status IN ({', '.join(repr(status.value) for status in OPEN)})) = (due_at IS NOT NULL)", name="due"
    ),
    UniqueConstraint("event_id", "endpoint_id"),
    Index(None, "merchant_id", "id"),
    Index(None, "endpoint_id", "id"),
    # What is open at one endpoint, the longest due first: no endpoint's backlog is in another's way.
    _partial("ix_webhook_deliveries_due", "endpoint_id", "due_at", "event_id", where="due_at IS NOT NULL"),
    # What was never tried yet, in the order in which it happened to one payment.
    _partial(
        "ix_webhook_deliveries_first", "endpoint_id", "payment_id", "event_id", where="status = 'PENDING'"
    ),
)

webhook_attempts: Final = Table(
    "webhook_attempts",
    metadata,
    Column("delivery_id", Id, ForeignKey("webhook_deliveries.id"), nullable=False),
    Column("number", Integer, nullable=False),
    _moment("started_at"),
    Column("status_code", Integer),
    Column("latency_ms", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Column("error", String(500)),
    Column("connect_ms", Integer),
    Column("first_byte_ms", Integer),
    Column("request_headers", Json, nullable=False, server_default="[]"),
    Column("answer_headers", Json, nullable=False, server_default="[]"),
    PrimaryKeyConstraint("delivery_id", "number"),
)
