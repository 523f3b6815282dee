"""Looks at the machine: versions, the disk under the database, the port, Redis."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Final

import kessai
from kessai.adapters.clock import SystemClock
from kessai.adapters.masking import masked_text
from kessai.cli.checkup import Finding, fail, ok, warn
from kessai.cli.failures import CommandError
from kessai.cli.listening import base_url
from kessai.cli.readyz import ask
from kessai.settings import DEFAULT_API_SECRET_KEY, Settings

_LIBRARIES: Final = (
    *("fastapi", "pydantic", "sqlalchemy", "alembic", "uvicorn", "uvloop", "httptools"),
    *("aiohttp", "asyncpg", "redis"),
)
_SQLITE_OLDEST: Final = (3, 35, 0)
_FREE_LEAST: Final = 100 << 20
_FREE_FEW: Final = 1 << 30
_BLOCK: Final = bytes(range(256)) * 16
_SYNCS: Final = 5
_SYNC_SLOW_S: Final = 0.05
_SYNC_INSTANT_S: Final = 0.000_02
"""No disk writes faster; memory, or a disk that only says so, does."""
_FORGETFUL: Final = frozenset({"tmpfs", "ramfs"})
_REMOTE: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.s3fs"})


def versions() -> Iterator[Finding]:
    """What runs here."""
    yield ok("kessai", kessai.__version__)
    yield ok(
        "python", f"{platform.python_version()} ({platform.python_implementation()}, {platform.platform()})"
    )
    if sqlite3.sqlite_version_info < _SQLITE_OLDEST:
        oldest = ".".join(map(str, _SQLITE_OLDEST))
        yield fail("sqlite", sqlite3.sqlite_version, f"use a Python built with SQLite {oldest} or newer")
    else:
        yield ok("sqlite", sqlite3.sqlite_version)
    yield ok("libraries", ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


def secrets(settings: Settings) -> Iterator[Finding]:
    """Whether what protects the keys is a secret."""
    if settings.api_secret_key.get_secret_value() != DEFAULT_API_SECRET_KEY:
        yield ok("secrets", "API_SECRET_KEY is your own")
    elif settings.is_loopback:
        yield ok("secrets", "API_SECRET_KEY is the default, which is all right on your own machine")
    else:
        yield warn(
            "secrets",
            f"API_SECRET_KEY is the default, and {settings.host} can be reached by others",
            "set it, for example to the output of `openssl rand -hex 32`",
        )


def disk(directory: Path) -> Iterator[Finding]:
    """Whether the disk keeps what it is given, and has room for more."""
    if not directory.is_dir():
        yield fail("disk", f"there is no directory {directory}", "make it, or choose another --db")
        return
    try:
        yield judge_durability(directory, _sync_s(directory), _filesystem(directory))
    except OSError as error:
        yield fail(
            "durability", f"{directory.resolve()} cannot be written: {error.strerror}", "choose another --db"
        )
    yield judge_space(directory, shutil.disk_usage(directory).free)


def judge_durability(directory: Path, sync_s: float, filesystem: str | None) -> Finding:
    """What a directory means for durability: how long a synced write takes there, and on what it is."""
    detail = f"a write is on disk after {sync_s * 1000:.2f} ms"
    if filesystem in _FORGETFUL:
        where = f"{directory.resolve()} is in memory ({filesystem})"
        return warn("durability", where, "all is lost when the machine restarts")
    if filesystem in _REMOTE:
        where = f"{directory.resolve()} is on a network ({filesystem})"
        return warn("durability", where, "SQLite's locks are not reliable there")
    if sync_s < _SYNC_INSTANT_S:
        return warn("durability", detail, "too fast to be true: this disk may lose writes in a power cut")
    if sync_s > _SYNC_SLOW_S:
        return warn("durability", detail, "each payment waits for that; a local SSD takes less than 5 ms")
    return ok("durability", detail)


def judge_space(directory: Path, free: int) -> Finding:
    """What so many free bytes mean."""
    detail = f"{free / (1 << 30):.1f} GiB free in {directory.resolve()}"
    if free < _FREE_LEAST:
        return fail("space", detail, "free some: a full disk is answered with 507")
    if free < _FREE_FEW:
        return warn("space", detail, "it will not last for long")
    return ok("space", detail)


def _sync_s(directory: Path) -> float:
    """How long a small write takes until it lasts, in seconds."""
    clock = SystemClock()
    taken = []
    with tempfile.TemporaryFile(prefix=".kessai-doctor-", dir=directory) as file:
        for _ in range(_SYNCS):
            began = clock.monotonic()
            file.write(_BLOCK)
            file.flush()
            os.fsync(file.fileno())
            taken.append(clock.monotonic() - began)
    return median(taken)


def _filesystem(directory: Path) -> str | None:
    """The kind of file system a directory is on, where the system tells."""
    found: tuple[int, str] | None = None
    with suppress(OSError):
        for line in Path("/proc/self/mounts").read_text().splitlines():
            _, place, kind, *_ = line.split()
            if directory.resolve().is_relative_to(place) and (found is None or len(place) >= found[0]):
                found = len(place), kind
    return found[1] if found else None


def port(settings: Settings) -> Iterator[Finding]:
    """Whether the port is free, and who answers there if it is not."""
    if settings.port == 0:
        yield ok("port", "a free one is picked at each start")
        return
    try:
        address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(address[0], socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address[4])
    except OSError as error:
        yield (
            _whose(settings)
            if error.errno == errno.EADDRINUSE
            else fail(
                "port",
                f"{settings.port} on {settings.host} cannot be used: {error.strerror}",
                "choose others with HOST and PORT",
            )
        )
    else:
        yield ok("port", f"{settings.port} on {settings.host} is free")


def _whose(settings: Settings) -> Finding:
    url = base_url(settings.host, settings.port)
    with suppress(CommandError):
        status, answer = ask(url, "/health", timeout_s=1)
        if status == 200 and "version" in answer:
            return ok("port", f"kessai {answer['version']} answers at {url}")
    return warn(
        "port",
        f"{settings.port} on {settings.host} is taken by another program",
        "choose another with PORT or --port",
    )


def redis(settings: Settings) -> Iterator[Finding]:
    """Whether Redis answers, if one is to be used."""
    if settings.redis_url is None:
        yield ok("redis", "none configured: each process limits by itself")
        return
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with closing(
            Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=2)
        ) as client:
            client.ping()
    except (RedisError, OSError, ValueError) as error:
        yield warn(
            "redis",
            f"does not answer: {masked_text(str(error))}",
            "until it does, each process limits by itself",
        )
    else:
        yield ok("redis", "answers")
