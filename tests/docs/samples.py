"""Compares an answer shown on a page with the one the server gave: what varies may vary, the rest not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

_VARIES: Final = (
    (re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"), "MOMENT"),
    (re.compile(r"\b([sp]k_test|whsec)_[\w+/=…]+"), r"\1_KEY"),
    (re.compile(r"http://(?:localhost|127\.0\.0\.1):\d+"), "http://HOST"),
    (re.compile(r"lag \d+\.\d s"), "LAG"),
)
_MEASURED: Final = frozenset({"latency_ms", "last4"})


def differences(shown: Any, real: Any, where: str = "the answer") -> Iterator[str]:
    """In which ways the answer that was given is not the one that is shown."""
    if isinstance(shown, dict) and isinstance(real, dict):
        for name in shown.keys() | real.keys():
            if name not in real or name not in shown:
                yield f"{where}.{name} is only {'shown' if name in shown else 'answered'}"
            elif name not in _MEASURED:
                yield from differences(shown[name], real[name], f"{where}.{name}")
    elif isinstance(shown, list) and isinstance(real, list):
        if len(shown) != len(real):
            yield f"{where} has {len(real)} entries, not {len(shown)}"
        for number, pair in enumerate(zip(shown, real, strict=False)):
            yield from differences(*pair, f"{where}[{number}]")
    elif _plain(shown) != _plain(real):
        yield f"{where} is {real!r}, not {shown!r}"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, name in _VARIES:
            value = pattern.sub(name, value)
    return value
