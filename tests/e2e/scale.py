"""How much the tests of processes do: E2E_SCALE=10 makes ten times the load of an ordinary run."""

from __future__ import annotations

import os
from typing import Final

SCALE: Final = float(os.environ.get("E2E_SCALE", "1"))


def scaled(ordinary: int) -> int:
    """So many in an ordinary run, more or fewer by E2E_SCALE, at least one."""
    return max(1, round(ordinary * SCALE))
