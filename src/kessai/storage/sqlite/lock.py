"""One process owns the file: a lock beside it refuses the second with a sentence that helps."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock as _Lock
from filelock import Timeout


class DatabaseFileError(Exception):
    """The database file cannot be used; the message is a sentence that says what to do."""


class DatabaseInUseError(DatabaseFileError):
    """Another process has the database file open."""


class FileLock:
    """Held from opening to closing; the operating system lets it go when a process dies."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._owner = database.with_name(database.name + ".owner")
        # Opened in one thread, closed in another: the lock belongs to the process.
        self._lock = _Lock(database.with_name(database.name + ".lock"), thread_local=False)

    def take(self) -> None:
        """Take the lock at once.

        Raises:
            DatabaseInUseError: another process has it.
            DatabaseFileError: there is no such directory, or nothing can be written there.
        """
        # Looked at first: taking the lock would make the directory, and a misspelt path a new database.
        if not self._database.parent.is_dir():
            raise DatabaseFileError(
                f"{self._database} cannot be opened: there is no directory {self._database.parent}; "
                "make it first, or choose another --db"
            )
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise DatabaseInUseError(
                f"{self._database} is in use by another kessai{self._who()}; "
                "stop it, choose another --db, or use PostgreSQL for several processes"
            ) from None
        except OSError as error:
            raise DatabaseFileError(
                f"{self._database} cannot be opened: {error.strerror or error}; choose another --db"
            ) from error
        # Only for the sentence above: a disk that is full does not keep us from reading.
        with suppress(OSError):
            self._owner.write_text(f"{os.getpid()}\n")

    def release(self) -> None:
        """Let the next one in."""
        with suppress(OSError):
            self._owner.unlink()
        self._lock.release()

    def _who(self) -> str:
        with suppress(OSError):
            owner = self._owner.read_text().strip()
            return f" (process {owner})" if owner else ""
        return ""
