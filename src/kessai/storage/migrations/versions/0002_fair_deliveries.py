"""Fair deliveries: schedules and rests of endpoints, first sendings in order, attempts in detail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from kessai.storage import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in added():
        op.add_column(table, column)
    op.execute(
        "UPDATE webhook_deliveries SET payment_id = (SELECT payment_id FROM webhook_events"
        " WHERE webhook_events.id = webhook_deliveries.event_id)"
    )
    op.drop_index("ix_webhook_deliveries_due", "webhook_deliveries")
    partial_index("ix_webhook_deliveries_due", ["endpoint_id", "due_at", "event_id"], "due_at IS NOT NULL")
    partial_index(
        "ix_webhook_deliveries_first", ["endpoint_id", "payment_id", "event_id"], "status = 'PENDING'"
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_deliveries_first", "webhook_deliveries")
    op.drop_index("ix_webhook_deliveries_due", "webhook_deliveries")
    for table, column in added():
        op.drop_column(table, column.name)
    partial_index("ix_webhook_deliveries_due", ["due_at"], "due_at IS NOT NULL")


def partial_index(name: str, columns: list[str], where: str) -> None:
    op.create_index(
        name, "webhook_deliveries", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )


def added() -> list[tuple[str, sa.Column[Any]]]:
    return [
        ("webhook_endpoints", sa.Column("schedule", sa.String(40), nullable=False, server_default="native")),
        (
            "webhook_endpoints",
            sa.Column("verifies_tls", sa.Boolean(), nullable=False, server_default=sa.true()),
        ),
        ("webhook_endpoints", sa.Column("failures", sa.Integer(), nullable=False, server_default="0")),
        ("webhook_endpoints", sa.Column("rests_until", types.Moment())),
        ("webhook_events", sa.Column("pruned_at", types.Moment())),
        ("webhook_deliveries", sa.Column("payment_id", types.Id())),
        ("webhook_deliveries", sa.Column("pruned_at", types.Moment())),
        ("webhook_attempts", sa.Column("connect_ms", sa.Integer())),
        ("webhook_attempts", sa.Column("first_byte_ms", sa.Integer())),
        ("webhook_attempts", sa.Column("request_headers", sa.Text(), nullable=False, server_default="[]")),
        ("webhook_attempts", sa.Column("answer_headers", sa.Text(), nullable=False, server_default="[]")),
    ]
