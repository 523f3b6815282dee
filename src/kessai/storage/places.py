"""Places in a list of a balance's entries, and the rows that lie between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from kessai.domain.entry import Place
from kessai.domain.ids import first_id_of, last_id_of, moment_of, stamp_at, stamp_in

_LEAST: Final[Place] = (0, "", 0)
_MOST: Final[Place] = (stamp_at(datetime(9999, 12, 31, 23, tzinfo=UTC)), "", 0)
_LEAST_ID: Final = "00000000-0000-0000-0000-000000000000"
_MOST_ID: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What a list of entries is narrowed by, and where it goes on: before a place, or after one.

    Moments are from and to, the first of them included.
    """

    created_from: datetime | None = None
    created_to: datetime | None = None
    before: Place | None = None
    after: Place | None = None

    @property
    def bounds(self) -> tuple[Place, Place]:
        """Every entry of it lies between these two, and is neither."""
        low, high = self.after or _LEAST, self.before or _MOST
        if self.created_from is not None:
            low = max(low, (stamp_at(self.created_from), "", 0))
        if self.created_to is not None:
            high = min(high, (stamp_at(self.created_to), "", 0))
        return low, high


def id_bounds(low: Place, high: Place) -> dict[str, Any]:
    """The parameters by which rows in the order of their ids are read."""
    return {"id_low": _as_id(low), "id_high": _as_id(high)}


def _as_id(place: Place) -> str:
    """The id that divides those of prompt entries as this place divides entries."""
    stamp, source_id, _ = place
    if not source_id or stamp_in(source_id) < stamp:
        return first_id_of(stamp)
    return source_id if stamp_in(source_id) == stamp else last_id_of(stamp)


def moment_bounds(low: Place, high: Place) -> dict[str, Any]:
    """The parameters by which rows in the order of a moment are read."""
    at_low, id_low = _as_moment(low)
    at_high, id_high = _as_moment(high)
    return {"at_low": at_low, "id_low": id_low, "at_high": at_high, "id_high": id_high}


def _as_moment(place: Place) -> tuple[datetime, str]:
    """The moment and the id that divide those of late entries as this place divides entries."""
    stamp, source_id, _ = place
    at, is_exact = moment_of(stamp)
    return at, (source_id or _LEAST_ID) if is_exact else _MOST_ID
