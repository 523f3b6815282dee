"""Vendors' own clients, unmodified, against a running server."""
