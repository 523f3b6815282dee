"""Opens the gateway for a command that asks or changes something and ends; nothing is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, TypeVar

from kessai.adapters.logging import configure_logging
from kessai.bootstrap import Gateway, NotMigratedError, open_gateway, prepare
from kessai.cli.failures import CommandError, ExitCode, configuration_error, unreachable_error, usage_error
from kessai.domain.change import Change
from kessai.domain.errors import DatabaseUnavailableError, InvalidFieldError, KessaiError
from kessai.settings import Settings
from kessai.storage.journal import Stale
from kessai.storage.migrate import MigrationError
from kessai.storage.migrations.connection import DatabaseUnreachableError
from kessai.storage.sqlite.lock import DatabaseFileError, DatabaseInUseError

T = TypeVar("T")

_TRIES: Final = 5
_DOCTOR_HINT: Final = "`kessai doctor` looks at it closely"
_IN_USE_HINT: Final = "or leave the server running and ask it: its API makes and revokes keys too, see /docs"


@contextmanager
def refusals(*, in_use_hint: str | None = None) -> Iterator[None]:
    """Turn what the rooms below raise into what a command says."""
    try:
        yield
    except Exception as error:
        said = _in_words(error, in_use_hint)
        if said is None:
            raise
        raise said from error


def _in_words(error: Exception, in_use_hint: str | None) -> CommandError | None:
    match error:
        case DatabaseInUseError():
            return configuration_error(str(error), hint=in_use_hint)
        case NotMigratedError() | MigrationError() | DatabaseFileError():
            return configuration_error(str(error))
        case DatabaseUnreachableError() | DatabaseUnavailableError():
            return unreachable_error(str(error), hint=_DOCTOR_HINT)
        case InvalidFieldError():
            return usage_error(error.message, hint=error.hint)
        case KessaiError():
            return CommandError(error.message, exit_code=ExitCode.EXPECTATION_FAILED, hint=error.hint)
        case _:
            return None


def with_gateway(
    settings: Settings, work: Callable[[Gateway], Awaitable[T]], *, in_use_hint: str = _IN_USE_HINT
) -> T:
    """Open the gateway, do `work`, close it. `in_use_hint`: what to do when a server has the file.

    Raises:
        CommandError: the database is away, in use or not migrated, or `work` was refused.
    """

    async def run() -> T:
        async with _opened(settings) as gateway:
            return await work(gateway)

    quiet_logging(settings)
    with refusals(in_use_hint=in_use_hint):
        return asyncio.run(run())


def quiet_logging(settings: Settings) -> None:
    """Log warnings only, and to stderr: what is logged must not mix with what the command prints."""
    configure_logging(level="DEBUG" if settings.debug else "WARNING", log_format=settings.log_format)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Gateway]:
    await asyncio.to_thread(prepare, settings)
    async with open_gateway(settings, serves_apis=False) as gateway:
        yield gateway


async def committed(gateway: Gateway, decide: Callable[[], Awaitable[tuple[T, Change]]]) -> T:
    """Decide and commit; when somebody else was quicker, load and decide again.

    Raises:
        CommandError: others were quicker each time.
    """
    for _ in range(_TRIES):
        result, change = await decide()
        if not isinstance(await gateway.database.commit(change), Stale):
            return result
    raise CommandError(
        "others are changing the same merchant or key at this moment",
        exit_code=ExitCode.EXPECTATION_FAILED,
        hint="repeat the command",
    )
