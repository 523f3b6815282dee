"""Percentiles and spreads, without a library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

_WIDE: Final = 0.25
"""A range of a quarter of the median: more than rounds differ by on a machine that has nothing else to do."""


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed; NaN of nothing."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def spread(values: Sequence[float]) -> str:
    """The median, and the range in which all are, for people; said to be wide if it is."""
    middle, least, most = (shown(each) for each in (median(values), min(values), max(values)))
    if len(values) == 1:
        return middle
    return f"{middle} ({least} to {most}{', wide' if is_wide(values) else ''})"


def is_wide(values: Sequence[float]) -> bool:
    """Whether the range is so wide that the median alone would promise too much."""
    return max(values) - min(values) > _WIDE * abs(median(values))


def shown(value: float) -> str:
    """Three digits or the whole number, for people."""
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
