"""How a figure goes on: what it rises by in an hour, whoever jumps now and then."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

_POINTS_MAX: Final = 300
"""Of so many points all pairs are compared; of more, evenly chosen ones."""

Point = tuple[float, float]
"""Seconds, and the figure then."""


def rise_per_hour(points: Sequence[Point]) -> float:
    """The median slope of all pairs (Theil and Sen): a few steps and outliers do not bend it."""
    some = points[:: max(1, len(points) // _POINTS_MAX)]
    slopes = [
        (then - now) / (later - at)
        for number, (at, now) in enumerate(some)
        for later, then in some[number + 1 :]
        if later > at
    ]
    return median(slopes) * 3600 if slopes else 0.0


def risen(points: Sequence[Point]) -> float:
    """The median of the last quarter less that of the first."""
    quarter = max(1, len(points) // 4)
    return median(value for _, value in points[-quarter:]) - median(value for _, value in points[:quarter])
