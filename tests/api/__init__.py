"""Through the doors: the whole gateway in process, asked over HTTP."""
