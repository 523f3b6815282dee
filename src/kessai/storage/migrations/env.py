"""Alembic's way in: it runs this file for every command."""

from __future__ import annotations

from kessai.storage.migrations.environment import run_migrations

run_migrations()
