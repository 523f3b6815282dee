"""How many attempts an endpoint may have under way, so that none is in another's way.

Each endpoint has a window that opens while it answers quickly and closes while it does not, as TCP's does
towards a network. Endpoints that have not proved themselves share a part of all places; the rest is kept
for those that have, so a healthy one never waits for any number of dead or slow ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from kessai.domain.endpoint import Endpoint
from kessai.domain.ids import EndpointId
from kessai.services.ports import WebhookResult
from kessai.storage.repositories.claiming import Due

UNDER_WAY_MAX: Final = 512
"""Attempts of one process at the same time: bounds sockets, and bodies in memory."""
DOUBTFUL_MAX: Final = 384
"""Places for endpoints that are new, slow or failing, out of UNDER_WAY_MAX."""
HOST_MAX: Final = 128
"""Attempts at one host and port, whoever's endpoints they are: what a server of any size can take."""
WINDOW_FIRST: Final = 2
"""Attempts that an endpoint may have under way before it has answered any."""
WINDOW_MAX: Final = 64
"""With answers after 10 ms, more than six thousand a second."""
SLOW_MS: Final = 1000
"""An answer that takes longer closes the window: a place is worth more elsewhere."""
_CLAIMED_AT_ONCE: Final = 128
"""Deliveries of one claim: bounds its transaction."""
_REMEMBERED_MAX: Final = 10_000
"""Endpoints whose window is remembered while nothing is under way there."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many deliveries to take for an endpoint now."""

    endpoint: Endpoint
    room: int


@dataclass(slots=True)
class _Pace:
    window: int = WINDOW_FIRST
    under_way: int = 0

    @property
    def is_doubtful(self) -> bool:
        return self.window <= WINDOW_FIRST


class Pacing:
    """What one process has under way, and what it learnt of the endpoints."""

    def __init__(self) -> None:
        self._paces: dict[EndpointId, _Pace] = {}
        self._hosts: Counter[str] = Counter()
        self._under_way = 0

    def shares(self, due: Sequence[Due]) -> list[Share]:
        """How many to take where; those that do not fail come first, then those that wait longest."""
        free = min(UNDER_WAY_MAX - self._under_way, _CLAIMED_AT_ONCE)
        doubtful = sum(pace.under_way for pace in self._paces.values() if pace.is_doubtful)
        free_for_doubtful = DOUBTFUL_MAX - doubtful
        fair = max(1, free // max(1, len(due)))
        taken: Counter[str] = Counter()
        shares = []
        for each in sorted(due, key=lambda one: (one.endpoint.failures > 0, one.since)):
            pace = self._paces.get(each.endpoint.id) or _Pace()
            host = _host(each.endpoint.url)
            room = min(pace.window - pace.under_way, HOST_MAX - self._hosts[host] - taken[host], free, fair)
            if pace.is_doubtful:
                room = min(room, free_for_doubtful)
                free_for_doubtful -= max(0, room)
            if room > 0:
                free -= room
                taken[host] += room
                shares.append(Share(each.endpoint, room))
        return shares

    def began(self, endpoint: Endpoint) -> None:
        """An attempt is under way."""
        self._under_way += 1
        self._hosts[_host(endpoint.url)] += 1
        self._paces.setdefault(endpoint.id, _Pace()).under_way += 1

    def ended(self, endpoint: Endpoint, result: WebhookResult | None) -> None:
        """It is not any more; None if it was broken off."""
        self._under_way -= 1
        host = _host(endpoint.url)
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]
        pace = self._paces[endpoint.id]
        pace.under_way -= 1
        if result is not None:
            pace.window = _window_after(result, pace.window)
        if len(self._paces) > _REMEMBERED_MAX:
            self._paces = {key: pace for key, pace in self._paces.items() if pace.under_way}


def _window_after(result: WebhookResult, window: int) -> int:
    if result.status_code is None or result.latency_ms >= SLOW_MS:
        return max(1, window // 2)
    return min(WINDOW_MAX, window + 1) if result.succeeded else max(1, window - 1)


@lru_cache(maxsize=4096)
def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()
