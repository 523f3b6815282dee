"""PostgreSQL: any number of processes; a batch of Changes is one statement and one commit."""
