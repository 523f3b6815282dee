"""What an error of the driver means to whoever asked."""

from __future__ import annotations

from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from kessai.domain.errors import DatabaseUnavailableError, KessaiError, KeyInUseError, StorageFullError

_AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    PoolTimeoutError,
    OSError,
    TimeoutError,
)
"""The database is not there, does not let us in, or does not answer in time."""

_IN_THE_WAY: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
)
"""Somebody else holds what is wanted: waiting took too long, or would never end."""


def refusal(error: BaseException) -> BaseException:
    """What an error means to whoever asked; a bug of ours stays what it is."""
    meant = _meaning(driver_error(error))
    if meant is None:
        return error
    meant.__cause__ = error
    return meant


def is_away(error: BaseException) -> bool:
    """Whether the connection on which this happened is of no more use."""
    return isinstance(_meaning(driver_error(error)), DatabaseUnavailableError)


def _meaning(error: BaseException) -> KessaiError | None:
    if isinstance(error, asyncpg.DiskFullError):
        return StorageFullError()
    if isinstance(error, _IN_THE_WAY):
        return KeyInUseError()
    return DatabaseUnavailableError() if isinstance(error, _AWAY) else None


def driver_error(error: BaseException) -> BaseException:
    """The error as asyncpg raised it, also when SQLAlchemy has wrapped it, twice."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error
