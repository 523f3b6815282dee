"""Alembic's environment and the migrations themselves, which ship with the package."""
