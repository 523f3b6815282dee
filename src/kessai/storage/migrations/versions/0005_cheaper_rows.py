"""Cheaper rows: what a create need not write down, and checks that cost SQLite less. No row changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# As they were at this revision: a migration does not change with the code.
PAYMENT = (
    *("CREATED", "REQUIRES_ACTION", "PENDING", "AUTHORIZED", "CAPTURED", "REFUNDED"),
    *("FAILED", "VOIDED", "EXPIRED"),
)
CHECKED = (
    ("payments", "status", PAYMENT),
    ("payments", "capture_method", ("automatic", "manual")),
    ("refunds", "status", ("PENDING", "PROCESSED", "FAILED")),
    ("refunds", "payment_status", PAYMENT),
    ("webhook_deliveries", "status", ("PENDING", "SUCCEEDED", "RETRYING", "EXHAUSTED", "CANCELED")),
)
LISTED = ["merchant_id", "status", "id"]
ORDER = (
    *("id", "merchant_id", "amount", "currency", "capture_method", "simulate", "delay_s", "expires_in_s"),
    *("description", "customer_email", "reference", "metadata", "created_at"),
    *("instrument_type", "instrument_brand", "instrument_last4"),
)
NO_ID = "00000000-0000-0000-0000-000000000000"
EVENTS = (
    "SELECT e.id, e.snapshot, "  # noqa: S608 - the names are those above
    + ", ".join(f"p.{name} AS of_{name}" for name in ORDER)
    + " FROM webhook_events e JOIN payments p ON p.id = e.payment_id"
    " WHERE e.id > {after} ORDER BY e.id LIMIT 1000"
)
REMEMBER = sa.text("UPDATE webhook_events SET snapshot = :snapshot WHERE id = :id")


def upgrade() -> None:
    op.drop_index("ix_payments_merchant_id_status_id", "payments")
    is_rare = sa.text("status <> 'CAPTURED'")
    op.create_index("ix_payments_status", "payments", LISTED, sqlite_where=is_rare, postgresql_where=is_rare)
    for table, column, values in CHECKED:
        check_otherwise(table, column, listed(column, values), alternatives(column, values))


def downgrade() -> None:
    give_orders_back()
    for table, column, values in CHECKED:
        check_otherwise(table, column, alternatives(column, values), listed(column, values))
    op.drop_index("ix_payments_status", "payments")
    op.create_index("ix_payments_merchant_id_status_id", "payments", LISTED)


def give_orders_back() -> None:
    """Put into each event's snapshot what its payment ordered, which the version before looks for there."""
    connection = op.get_bind()
    named = ":after" if connection.dialect.name == "sqlite" else "CAST(:after AS uuid)"
    events, after = sa.text(EVENTS.format(after=named)), NO_ID
    while rows := connection.execute(events, {"after": after}).mappings().all():
        for row in rows:
            snapshot = json.loads(row["snapshot"])
            if "payment" in snapshot:
                snapshot["payment"] |= {name: plain(row[f"of_{name}"]) for name in ORDER}
                text = json.dumps(snapshot, separators=(",", ":"), ensure_ascii=False)
                connection.execute(REMEMBER, {"snapshot": text, "id": row["id"]})
        after = str(rows[-1]["id"])


def plain(value: object) -> object:
    """A column's value as JSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID) else value


def listed(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def alternatives(column: str, values: tuple[str, ...]) -> str:
    return " OR ".join(f"{column} = {value!r}" for value in values)


def check_otherwise(table: str, column: str, before: str, after: str) -> None:
    name = f"ck_{table}_{column}"
    if op.get_context().dialect.name == "sqlite":
        in_place(table, f"CONSTRAINT {name} CHECK ({before})", f"CONSTRAINT {name} CHECK ({after})")
    else:
        op.drop_constraint(op.f(name), table, type_="check")
        op.create_check_constraint(op.f(name), table, after)


def in_place(table: str, before: str, after: str) -> None:
    """Write a table's definition otherwise, which says the same of the same rows: none is copied.

    Other connections would be told of it by the index that this revision makes or drops.
    Where SQLite lets nobody write there, as on macOS, the definition stays: it says the same.
    Source: SQLite, ALTER TABLE, "Making Other Kinds Of Table Schema Changes", the second procedure, and
    SQLITE_DBCONFIG_DEFENSIVE, read 2026-11-25.
    """
    connection = op.get_bind()
    definition = "UPDATE sqlite_master SET sql = replace(sql, :before, :after) WHERE name = :table"
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    try:
        connection.execute(sa.text(definition), {"before": before, "after": after, "table": table})
    except sa.exc.OperationalError as refusal:
        if "may not be modified" not in str(refusal):
            raise
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
