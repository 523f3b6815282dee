"""Which version of kessai is tried: the commit that is checked out, if this is a checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

_HOUSE: Final = Path(__file__).resolve().parents[2]
_PATIENCE_S: Final = 60


def commit_of(directory: Path = _HOUSE) -> str | None:
    """Its short name, with `-changed` if files differ from it; None where there is no checkout.

    Pages are left out: a run that notes what it has shown changes some for the next.
    """
    if not (directory / ".git").exists():
        return None
    commit = _git(directory, "rev-parse", "--short", "HEAD")
    changed = _git(directory, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
    return commit and commit + ("-changed" if changed else "")


def _git(directory: Path, *arguments: str) -> str | None:
    """What it says; None if it cannot, or is not there."""
    command = ["git", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
