"""A worker of `kessai serve --workers`."""

from __future__ import annotations

from typing import Any

import uvicorn

from kessai.cli.workers import Worker


class Told(Worker):
    """One whose thread for signs of life looks at the server, and ends it, as soon as it runs."""

    seen: uvicorn.Server | None = None

    def always_pong(self) -> None:
        self.seen = self._server
        self.server.should_exit = True


async def nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    """Serves nobody."""


def test_the_server_that_tells_whether_it_has_started_is_the_one_that_runs() -> None:
    worker = Told(uvicorn.Config(nothing, lifespan="off", log_config=None), [])

    worker.target([])

    assert worker.seen is worker.server
    assert worker.server.started
