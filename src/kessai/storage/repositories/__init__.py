"""Every query there is, in domain words: rows never leave this room."""
