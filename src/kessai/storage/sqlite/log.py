"""How much of the write-ahead log is still to be copied into the database; Python has no call for it.

The file's length says nothing, since a log that was copied is written over from its beginning, which is
quicker to sync than a file that grows.
"""

from __future__ import annotations

import mmap
import sqlite3
import sys
from pathlib import Path
from typing import Final

_HEADER_BYTES: Final = 136
_WRITTEN: Final = slice(16, 20)
_COPIED: Final = slice(96, 100)
"""Where the log's index says how many pages were written to the log and how many of them were copied.

Source: SQLite, "WAL-mode File Format", sections 2.1 and 2.2, read 2026-11-25.
"""


class Log:
    """The index of a database's log, which exists while a connection is open.

    Close it after the last connection: who closes a file lets go of all locks that the process has on it,
    SQLite's too.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Find it by the connection: SQLite has followed the links that lead to the file.

        Raises:
            OSError: it cannot be opened.
        """
        self._page_bytes: int = connection.execute("PRAGMA page_size").fetchone()[0]
        # A connection has no log before it first looks into the database.
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        database = connection.execute("PRAGMA database_list").fetchone()[2]
        self._file = Path(f"{database}-shm").open("rb")  # noqa: SIM115 - closed by `close`
        self._index = mmap.mmap(self._file.fileno(), _HEADER_BYTES, access=mmap.ACCESS_READ)

    @property
    def bytes_left(self) -> int:
        """How much is still to be copied: a glance without a lock, so it may be a commit behind."""
        if self._index.closed:
            return 0
        written, copied = (self._number(place) for place in (_WRITTEN, _COPIED))
        return max(0, written - copied) * self._page_bytes

    def close(self) -> None:
        """Let the index go."""
        self._index.close()
        self._file.close()

    def _number(self, place: slice) -> int:
        return int.from_bytes(self._index[place], sys.byteorder)
