"""When coverage looks on. It makes everything slower by half, so it looks where lines are met first."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import kessai


@contextmanager
def untraced(config: pytest.Config) -> Iterator[None]:
    """Let coverage look away, if it looks at all."""
    if (controller := _controller(config)) is None:
        yield
        return
    controller.pause()
    try:
        yield
    finally:
        controller.resume()


def trace_imports(config: pytest.Config) -> None:
    """Import all of kessai while coverage looks on, if it does: what a module does then is done once."""
    if _controller(config) is not None:
        for module in pkgutil.walk_packages([str(Path(kessai.__file__).parent)], "kessai."):
            if not module.name.endswith((".__main__", ".migrations.env")):
                importlib.import_module(module.name)


def _controller(config: pytest.Config) -> Any:
    """What starts and stops coverage, of pytest-cov, which has no types for it."""
    plugin: Any = config.pluginmanager.get_plugin("_cov")
    return plugin.cov_controller if plugin is not None else None
