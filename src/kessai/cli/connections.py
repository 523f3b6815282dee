"""Connections of clients that keep them, and how they are ended: with an answer that says so."""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LINGER_S: Final = 0.5
"""How long a silent connection is kept open when the server ends: longer than busy clients pause."""


class Connection(HttpToolsProtocol):
    """uvicorn's, which does not hang up on a request that is on its way when the server ends.

    uvicorn closes silent connections at that moment. A request that has come and was not yet read is then cut
    off, and its client cannot know whether it was done.
    """

    _is_ending = False

    def shutdown(self) -> None:
        """Make the answer under way, or the next one within a moment, the last."""
        self._is_ending = True
        # It is None before the first request, whatever its type says.
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]
            self.loop.call_later(_LINGER_S, super().shutdown)
        else:
            super().shutdown()

    def on_headers_complete(self) -> None:
        """A request has come."""
        super().on_headers_complete()
        if self._is_ending:
            self.cycle.keep_alive = False
