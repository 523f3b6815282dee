"""Documents: customers, instruments, intents and their like; payments and events that belong to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kessai.storage import types
from kessai.storage.migrations.checking import check_otherwise

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# As they were at this revision: a migration does not change with the code.
SUBJECT_BEFORE = "(payment_id IS NULL) <> (endpoint_id IS NULL)"
SUBJECT = (
    "CASE WHEN payment_id IS NULL THEN 0 ELSE 1 END + CASE WHEN endpoint_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN document_id IS NULL THEN 0 ELSE 1 END = 1"
)
REFUND_BEFORE = "status = 'PENDING' OR status = 'PROCESSED' OR status = 'FAILED'"
REFUND = f"{REFUND_BEFORE} OR status = 'CANCELED'"
REFUND_ALIKE = "status IN ('PENDING', 'PROCESSED', 'FAILED')"
"""What 0005 left of REFUND_BEFORE where it could not write it otherwise."""
PARTIAL = (
    ("ix_documents_owner", "documents", ["owner_id", "kind", "id"], "owner_id IS NOT NULL"),
    ("ix_documents_lookup", "documents", ["merchant_id", "kind", "lookup", "id"], "lookup IS NOT NULL"),
    ("ix_documents_due", "documents", ["due_at"], "due_at IS NOT NULL"),
    (
        "ix_payments_captured_later",
        "payments",
        ["merchant_id", "captured_at", "id"],
        "captured_at > created_at",
    ),
    (
        "ix_refunds_in_vain",
        "refunds",
        ["merchant_id", "updated_at", "id"],
        "(status = 'FAILED' OR status = 'CANCELED')",
    ),
    ("ix_payments_intent", "payments", ["intent_id", "id"], "intent_id IS NOT NULL"),
    ("ix_webhook_events_document", "webhook_events", ["document_id"], "document_id IS NOT NULL"),
)
FORGET = (
    "DELETE FROM webhook_attempts WHERE delivery_id IN (SELECT d.id FROM webhook_deliveries d"
    " JOIN webhook_events e ON e.id = d.event_id WHERE e.document_id IS NOT NULL)",
    "DELETE FROM webhook_deliveries WHERE event_id IN"
    " (SELECT id FROM webhook_events WHERE document_id IS NOT NULL)",
    "DELETE FROM webhook_events WHERE document_id IS NOT NULL",
    "UPDATE refunds SET status = 'FAILED' WHERE status = 'CANCELED'",
)
"""What the version before has no words for."""


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("merchant_id", types.Id(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("owner_id", types.Id()),
        sa.Column("lookup", sa.String(255)),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due_at", types.Moment()),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("deleted_at", types.Moment()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_documents_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    op.create_index("ix_documents_merchant_id_kind_id", "documents", ["merchant_id", "kind", "id"])
    op.add_column("idempotency_keys", sa.Column("request_id", sa.String(128)))
    op.add_column("payments", sa.Column("intent_id", types.Id()))
    op.add_column("payments", sa.Column("details", sa.Text()))
    op.add_column("refunds", sa.Column("details", sa.Text()))
    op.add_column("webhook_events", sa.Column("document_id", types.Id()))
    op.add_column("webhook_endpoints", sa.Column("details", sa.Text()))
    check_otherwise("webhook_events", "subject", SUBJECT_BEFORE, SUBJECT)
    check_otherwise("refunds", "status", REFUND_BEFORE, REFUND, alike=REFUND_ALIKE)
    op.create_index("ix_refunds_merchant_id_id", "refunds", ["merchant_id", "id"])
    for name, table, columns, where in PARTIAL:
        condition = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    for statement in FORGET:
        op.execute(statement)
    for name, table, _, _ in PARTIAL:
        op.drop_index(name, table)
    op.drop_index("ix_refunds_merchant_id_id", "refunds")
    check_otherwise("refunds", "status", REFUND, REFUND_BEFORE)
    check_otherwise("webhook_events", "subject", SUBJECT, SUBJECT_BEFORE)
    op.drop_column("webhook_endpoints", "details")
    op.drop_column("webhook_events", "document_id")
    op.drop_column("refunds", "details")
    op.drop_column("payments", "details")
    op.drop_column("payments", "intent_id")
    op.drop_column("idempotency_keys", "request_id")
    op.drop_index("ix_documents_merchant_id_kind_id", "documents")
    op.drop_table("documents")
