"""kessai as installed: processes, sockets, signals, and what is left when they are killed."""
