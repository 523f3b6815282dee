"""What a database URL means: a file, or a server."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FILE: Final = "sqlite:///"


def sqlite_file(url: str) -> Path | None:
    """The file of `sqlite:///FILE`, relative to where we are; None for `postgresql+asyncpg://…`."""
    return Path(url.removeprefix(_FILE)) if url.startswith(_FILE) else None
