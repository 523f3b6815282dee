"""Loading a server without what a start can do without: garbage is not looked for, and Rich stays away.

To look for garbage takes a tenth of a start, then or later, and modules stay. Rich is a twentieth: it comes
with Typer, for `--help`, and structlog would load it for coloured traces, which we don't print.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_UNUSED: Final = "rich"


@contextmanager
def loading() -> Iterator[None]:
    """Import what serves within."""
    with loading_what_stays(), _without(_UNUSED):
        yield


@contextmanager
def loading_what_stays() -> Iterator[None]:
    """Import within; garbage is not looked for meanwhile, nor later among what was imported."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


@contextmanager
def _without(package: str) -> Iterator[None]:
    """Who tries to import it within is told that it is not installed, unless it was loaded before."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment] # how Python is told of what is not there
    try:
        yield
    finally:
        del sys.modules[package]
