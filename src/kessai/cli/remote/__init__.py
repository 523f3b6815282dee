"""Commands that talk to a running server over its API: on SQLite, the server owns the database."""
