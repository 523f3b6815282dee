"""SQLite: one process owns the file, one connection writes it, others only read."""
