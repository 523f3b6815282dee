"""Marks of digests: under which API_SECRET_KEY each digest of an API key was made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = ("digested_under", "previous_digested_under")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("api_keys", sa.Column(name, sa.String(16)))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("api_keys", name)
