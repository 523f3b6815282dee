"""The ASGI application: `uvicorn kessai.asgi:app`. Importing it opens nothing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import structlog

from kessai.adapters.logging import configure_logging
from kessai.bootstrap import Gateway, World, open_gateway, prepare
from kessai.settings import Settings, load_settings

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Started = Callable[[Gateway, str | None], None]

_HOUSEKEEPING_S: Final = 1.0
"""How long the last housekeeping may take."""

log = structlog.get_logger()


class Application:
    """Opens the gateway with the server and closes it with it.

    `settings` None reads the environment at start. `on_started` is told of the gateway and of the first
    merchant's key, if one was made just now.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        world: World | None = None,
        on_started: Started | None = None,
        is_dispatcher: bool = False,
    ) -> None:
        self._settings = settings
        self._world = world
        self._on_started = on_started or _print_key
        self._is_dispatcher = is_dispatcher
        self._gateway: Gateway | None = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI connection, or the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._gateway is None:
            raise RuntimeError("the server did not run the application's start-up (lifespan)")
        else:
            await self._gateway.app(scope, receive, send)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Gateway, str | None]]:
        """Open the gateway, for a server that leaves the lifespan to its caller.

        Gives the gateway, and the first merchant's key if one was made just now. Raises what was wrong.
        """
        settings = self._settings or load_settings()
        configure_logging(level=settings.log_threshold, log_format=settings.log_format)
        await asyncio.to_thread(prepare, settings)
        async with AsyncExitStack() as stack:
            opening = open_gateway(settings, self._world, serves_apis=not self._is_dispatcher)
            self._gateway = gateway = await stack.enter_async_context(opening)
            # A dispatcher says nothing to merchants, so it makes none.
            first_key = None if self._is_dispatcher else await gateway.welcome()
            keeping = asyncio.create_task(gateway.housekeeper.run())
            stack.push_async_callback(_stop_housekeeping, gateway, keeping)
            dispatches = settings.dispatch or self._is_dispatcher
            if gateway.doorbell is not None:
                wake = gateway.worker.wake if dispatches else None
                listening = asyncio.create_task(gateway.doorbell.run(wake))
                stack.push_async_callback(_cancel, listening)
            if dispatches:
                running = asyncio.create_task(gateway.worker.run())
                stack.push_async_callback(_stop, gateway, running)
            yield gateway, first_key

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                started = await stack.enter_async_context(self.opened())
                self._on_started(*started)
            except Exception as error:
                log.error("start_failed", reason=str(error))
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
            log.info("stopping")
        await send({"type": "lifespan.shutdown.complete"})


async def _stop(gateway: Gateway, running: asyncio.Task[None]) -> None:
    await gateway.worker.stop()
    await running


async def _stop_housekeeping(gateway: Gateway, keeping: asyncio.Task[None]) -> None:
    gateway.housekeeper.stop()
    # Nothing depends on it, and the database may be the reason why we are told to stop.
    await asyncio.wait({keeping}, timeout=_HOUSEKEEPING_S)
    await _cancel(keeping)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _print_key(_gateway: Gateway, first_key: str | None) -> None:
    if first_key is not None:
        # Shown this once, and past the log, which would mask it.
        print(f"The first merchant's secret key: {first_key}", file=sys.stderr, flush=True)  # noqa: T201


app = Application()
