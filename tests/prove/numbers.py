"""Percentiles and spreads, without a library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed; NaN of nothing."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def spread(values: Sequence[float]) -> str:
    """The median, and the range in which all are, for people."""
    middle, least, most = (shown(each) for each in (median(values), min(values), max(values)))
    return f"{middle} ({least} to {most})"


def shown(value: float) -> str:
    """Three digits or the whole number, for people."""
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
