"""Logs as events with fields: one JSON object a line, or text for a terminal; secrets are masked."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog

from kessai.adapters.masking import masked

Format = Literal["auto", "json", "console"]

# Libraries that bring handlers of their own or talk much; all they say goes through ours.
_ADOPTED: Final = (
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "uvicorn.asgi",
    "asyncio",
    "aiohttp",
    "alembic",
)
_SELDOM_NEWS: Final = ("uvicorn.access", "alembic.runtime.plugins", "alembic.runtime.migration")
"""One line per request, or per part of a library: heard only when something is wrong with them."""


def configure_logging(
    *, level: str = "INFO", log_format: Format = "auto", stream: TextIO | None = None
) -> None:
    """Set up structlog and the standard library's logging for the whole process, to stderr by default.

    For the command and the ASGI application only: a program that embeds kessai keeps its own logging.
    What `structlog.contextvars` holds (the request id) is on every line. `auto` is text on a terminal and
    JSON elsewhere. uvicorn must be started with `log_config=None`, or it takes its handlers back.
    """
    out = sys.stderr if stream is None else stream
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
    ]
    ending: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        _mask,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _renderer(log_format, out),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.StackInfoRenderer(), *ending],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda name="kessai": _Lines(out, name),
        cache_logger_on_first_use=False,
    )
    _adopt_standard_library(number, _Lines(out), shared, ending)
    for name in _SELDOM_NEWS:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


class _Lines:
    """Writes whole lines, and gives up a line rather than the request that wanted it written.

    The stream may be a file on a full disk, or a pipe that nobody reads any more.
    """

    def __init__(self, stream: TextIO, name: str = "root") -> None:
        self._stream = stream
        self.name = name

    def msg(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: the stream is closed
            pass

    debug = info = warning = error = critical = exception = fatal = log = msg


class _Handler(logging.Handler):
    """Hands the standard library's records to the same lines."""

    def __init__(self, lines: _Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:  # a record that cannot be formatted must not break what it tells of
            line = json.dumps({"event": "log_record_unreadable", "level": "error", "logger": record.name})
        self._lines.msg(line)


def _adopt_standard_library(
    level: int,
    lines: _Lines,
    shared: list[structlog.typing.Processor],
    ending: list[structlog.typing.Processor],
) -> None:
    handler = _Handler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _ADOPTED:
        adopted = logging.getLogger(name)
        adopted.handlers[:] = []
        adopted.propagate = True
        adopted.setLevel(logging.NOTSET)
    # At DEBUG it tells of every slow callback and selector, which is about Python, not about payments.
    logging.getLogger("asyncio").setLevel(max(level, logging.INFO))


def _renderer(log_format: Format, stream: TextIO) -> structlog.typing.Processor:
    terminal = stream.isatty()
    if log_format == "console" or (log_format == "auto" and terminal):
        return structlog.dev.ConsoleRenderer(
            colors=terminal, exception_formatter=structlog.dev.plain_traceback
        )
    return _as_json


def _as_json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    first = {key: event.pop(key) for key in ("event", "level", "timestamp") if key in event}
    return json.dumps({**first, **event}, ensure_ascii=False, separators=(",", ":"))


def _mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What leaves it holds no secret and only plain values; after it come but the level and the time."""
    return masked(event)
