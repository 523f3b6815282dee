"""Refunds that wait for their payer to say where the money is to go, and what a refund goes back to."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from kessai.storage.migrations.checking import check_otherwise

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# As they were at this revision: a migration does not change with the code.
BEFORE = "status = 'PENDING' OR status = 'PROCESSED' OR status = 'FAILED' OR status = 'CANCELED'"
AFTER = f"status = 'REQUIRES_ACTION' OR {BEFORE}"


def upgrade() -> None:
    op.add_column("refunds", sa.Column("instrument_type", sa.String(20)))
    op.execute(
        "UPDATE refunds SET instrument_type ="
        " (SELECT payments.instrument_type FROM payments WHERE payments.id = refunds.payment_id)"
    )
    check_otherwise("refunds", "status", BEFORE, AFTER)


def downgrade() -> None:
    # The version before knows of no payer who is asked, neither now nor in what it told. What is due of such
    # a refund it takes for failed, and of a payment that was captured it knows of nothing that may be due.
    op.execute(
        "UPDATE refunds SET status = 'PROCESSED', due_at = NULL"
        " WHERE status = 'PENDING' AND details LIKE '%\"instructions_email\":%'"
    )
    op.execute("UPDATE refunds SET status = 'PENDING' WHERE status = 'REQUIRES_ACTION'")
    op.execute("UPDATE payments SET due_at = NULL WHERE captured_amount > 0 AND due_at IS NOT NULL")
    tell_of_pending()
    check_otherwise("refunds", "status", AFTER, BEFORE)
    op.drop_column("refunds", "instrument_type")


def tell_of_pending() -> None:
    """Have events remember refunds as PENDING whose payers were asked."""
    connection = op.get_bind()
    asked = sa.text(
        "SELECT id, snapshot FROM webhook_events"
        " WHERE refund_id IS NOT NULL AND snapshot LIKE '%REQUIRES_ACTION%'"
    )
    told = sa.text("UPDATE webhook_events SET snapshot = :snapshot WHERE id = :id")
    for event_id, text in connection.execute(asked).all():
        snapshot = json.loads(text)
        for name in ("refund", "refund_before"):
            if (snapshot.get(name) or {}).get("status") == "REQUIRES_ACTION":
                snapshot[name]["status"] = "PENDING"
        connection.execute(
            told,
            {"snapshot": json.dumps(snapshot, separators=(",", ":"), ensure_ascii=False), "id": event_id},
        )
