"""First schema: merchants and keys, payments and refunds, stored answers, webhooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kessai.storage import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# As they were at this revision: a migration does not change with the code.
PAYMENT_STATUSES = (
    "'CREATED', 'REQUIRES_ACTION', 'PENDING', 'AUTHORIZED', 'CAPTURED', 'REFUNDED', "
    "'FAILED', 'VOIDED', 'EXPIRED'"
)


def upgrade() -> None:
    merchants()
    api_keys()
    idempotency_keys()
    payments()
    webhook_endpoints()
    refunds()
    webhook_events()
    webhook_deliveries()
    webhook_attempts()


def downgrade() -> None:
    for table in (
        "webhook_attempts",
        "webhook_deliveries",
        "webhook_events",
        "refunds",
        "webhook_endpoints",
        "payments",
        "idempotency_keys",
        "api_keys",
        "merchants",
    ):
        op.drop_table(table)


def merchants() -> None:
    op.create_table(
        "merchants",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("default_currency", sa.String(3), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("webhook_endpoint_id", types.Id()),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("updated_at", types.Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "length(default_currency) = 3 AND default_currency = upper(default_currency)",
            name=op.f("ck_merchants_default_currency"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchants")),
    )


def api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("merchant_id", types.Id(), nullable=False),
        sa.Column("name", sa.String(100)),
        sa.Column("public_key", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("last4", sa.String(4), nullable=False),
        sa.Column("previous_digest", sa.String(64)),
        sa.Column("previous_expires_at", types.Moment()),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("last_used_at", types.Moment()),
        sa.Column("expires_at", types.Moment()),
        sa.Column("revoked_at", types.Moment()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_api_keys_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
        sa.UniqueConstraint("previous_digest", name=op.f("uq_api_keys_previous_digest")),
        sa.UniqueConstraint("public_key", name=op.f("uq_api_keys_public_key")),
    )
    op.create_index(op.f("ix_api_keys_merchant_id_id"), "api_keys", ["merchant_id", "id"])


def idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("merchant_id", types.Id(), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("is_sealed", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("expires_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_idempotency_keys_merchant_id")
        ),
        sa.UniqueConstraint("merchant_id", "key", name=op.f("uq_idempotency_keys_merchant_id_key")),
    )
    op.create_index(op.f("ix_idempotency_keys_expires_at"), "idempotency_keys", ["expires_at"])


def payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("merchant_id", types.Id(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("capture_method", sa.String(10), nullable=False),
        sa.Column("simulate", sa.String(40), nullable=False),
        sa.Column("delay_s", sa.Integer()),
        sa.Column("description", sa.String(500)),
        sa.Column("customer_email", sa.String(254)),
        sa.Column("reference", sa.String(100)),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("instrument_type", sa.String(20)),
        sa.Column("instrument_brand", sa.String(20)),
        sa.Column("instrument_last4", sa.String(4)),
        sa.Column("captured_amount", sa.BigInteger(), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), nullable=False),
        sa.Column("error_code", sa.String(40)),
        sa.Column("error_message", sa.String(200)),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("updated_at", types.Moment(), nullable=False),
        sa.Column("authorized_at", types.Moment()),
        sa.Column("captured_at", types.Moment()),
        sa.Column("expires_at", types.Moment()),
        sa.Column("due_at", types.Moment()),
        sa.Column("transitions", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'FAILED') = (error_code IS NOT NULL)", name=op.f("ck_payments_failed_status")
        ),
        sa.CheckConstraint(
            "(status = 'REFUNDED') = (captured_amount > 0 AND refunded_amount = captured_amount)",
            name=op.f("ck_payments_refunded_status"),
        ),
        sa.CheckConstraint(
            "(status IN ('CAPTURED', 'REFUNDED')) = (captured_amount > 0)",
            name=op.f("ck_payments_captured_status"),
        ),
        sa.CheckConstraint(
            "capture_method IN ('automatic', 'manual')", name=op.f("ck_payments_capture_method")
        ),
        sa.CheckConstraint(
            f"status IN ({PAYMENT_STATUSES})",
            name=op.f("ck_payments_status"),
        ),
        sa.CheckConstraint("amount BETWEEN 1 AND 99999999999", name=op.f("ck_payments_amount")),
        sa.CheckConstraint("captured_amount BETWEEN 0 AND amount", name=op.f("ck_payments_captured")),
        sa.CheckConstraint(
            "length(currency) = 3 AND currency = upper(currency)", name=op.f("ck_payments_currency")
        ),
        sa.CheckConstraint(
            "refunded_amount BETWEEN 0 AND captured_amount", name=op.f("ck_payments_refunded")
        ),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_payments_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    payment_indexes()


def payment_indexes() -> None:
    partial_index(
        "ix_payments_customer_email",
        "payments",
        ["merchant_id", "customer_email", "id"],
        where="customer_email IS NOT NULL",
    )
    partial_index("ix_payments_due", "payments", ["due_at"], where="due_at IS NOT NULL")
    op.create_index(op.f("ix_payments_merchant_id_id"), "payments", ["merchant_id", "id"])
    op.create_index(op.f("ix_payments_merchant_id_status_id"), "payments", ["merchant_id", "status", "id"])
    partial_index(
        "ix_payments_reference", "payments", ["merchant_id", "reference", "id"], where="reference IS NOT NULL"
    )


def webhook_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("merchant_id", types.Id(), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("description", sa.String(500)),
        sa.Column("dialect", sa.String(20), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(200)),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("previous_sealed_secret", sa.Text()),
        sa.Column("previous_expires_at", types.Moment()),
        sa.Column("failing_since", types.Moment()),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("updated_at", types.Moment(), nullable=False),
        sa.Column("deleted_at", types.Moment()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_webhook_endpoints_merchant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index(op.f("ix_webhook_endpoints_merchant_id_id"), "webhook_endpoints", ["merchant_id", "id"])


def refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("merchant_id", types.Id(), nullable=False),
        sa.Column("payment_id", types.Id(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("payment_status", sa.String(20), nullable=False),
        sa.Column("error_code", sa.String(40)),
        sa.Column("due_at", types.Moment()),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("updated_at", types.Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            f"payment_status IN ({PAYMENT_STATUSES})",
            name=op.f("ck_refunds_payment_status"),
        ),
        sa.CheckConstraint("status IN ('PENDING', 'PROCESSED', 'FAILED')", name=op.f("ck_refunds_status")),
        sa.CheckConstraint("amount BETWEEN 1 AND 99999999999", name=op.f("ck_refunds_amount")),
        sa.CheckConstraint(
            "length(currency) = 3 AND currency = upper(currency)", name=op.f("ck_refunds_currency")
        ),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_refunds_merchant_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
    )
    partial_index("ix_refunds_due", "refunds", ["due_at"], where="due_at IS NOT NULL")
    op.create_index(op.f("ix_refunds_payment_id_id"), "refunds", ["payment_id", "id"])


def webhook_events() -> None:
    op.create_table(
        "webhook_events",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("merchant_id", types.Id(), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("payment_id", types.Id()),
        sa.Column("refund_id", types.Id()),
        sa.Column("endpoint_id", types.Id()),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("occurred_at", types.Moment(), nullable=False),
        sa.Column("fanned_out_at", types.Moment()),
        sa.CheckConstraint(
            "(payment_id IS NULL) <> (endpoint_id IS NULL)", name=op.f("ck_webhook_events_subject")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_events_endpoint_id")
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_webhook_events_merchant_id")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_webhook_events_payment_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_webhook_events_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
    )
    op.create_index(op.f("ix_webhook_events_merchant_id_id"), "webhook_events", ["merchant_id", "id"])
    partial_index("ix_webhook_events_outbox", "webhook_events", ["id"], where="fanned_out_at IS NULL")
    op.create_index(op.f("ix_webhook_events_payment_id"), "webhook_events", ["payment_id"])


def webhook_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("merchant_id", types.Id(), nullable=False),
        sa.Column("event_id", types.Id(), nullable=False),
        sa.Column("endpoint_id", types.Id(), nullable=False),
        sa.Column("event_type", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("retry_count", sa.Integer(), nullable=False),
        sa.Column("due_at", types.Moment()),
        sa.Column("leased_until", types.Moment()),
        sa.Column("last_error", sa.String(500)),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("updated_at", types.Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('PENDING', 'RETRYING')) = (due_at IS NOT NULL)",
            name=op.f("ck_webhook_deliveries_due"),
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'SUCCEEDED', 'RETRYING', 'EXHAUSTED', 'CANCELED')",
            name=op.f("ck_webhook_deliveries_status"),
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_deliveries_endpoint_id")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["webhook_events.id"], name=op.f("fk_webhook_deliveries_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_webhook_deliveries_merchant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint(
            "event_id", "endpoint_id", name=op.f("uq_webhook_deliveries_event_id_endpoint_id")
        ),
    )
    partial_index("ix_webhook_deliveries_due", "webhook_deliveries", ["due_at"], where="due_at IS NOT NULL")
    op.create_index(op.f("ix_webhook_deliveries_endpoint_id_id"), "webhook_deliveries", ["endpoint_id", "id"])
    op.create_index(op.f("ix_webhook_deliveries_merchant_id_id"), "webhook_deliveries", ["merchant_id", "id"])


def webhook_attempts() -> None:
    op.create_table(
        "webhook_attempts",
        sa.Column("delivery_id", types.Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", types.Moment(), nullable=False),
        sa.Column("status_code", sa.Integer()),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("error", sa.String(500)),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["webhook_deliveries.id"], name=op.f("fk_webhook_attempts_delivery_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_webhook_attempts")),
    )


def partial_index(name: str, table: str, columns: list[str], *, where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
