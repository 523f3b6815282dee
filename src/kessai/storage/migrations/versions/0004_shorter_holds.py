"""Shorter holds: an order may say after how long what was authorized lapses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("expires_in_s", sa.Integer()))


def downgrade() -> None:
    op.drop_column("payments", "expires_in_s")
