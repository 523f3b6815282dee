"""What lasts: tables, migrations, repositories (rows <-> domain values, every query) and the journal."""
