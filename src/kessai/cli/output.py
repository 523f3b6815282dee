"""What commands print: JSON for programs, text and tables for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH_OF_A_PIPE = 200
"""Wide enough for every table: a file or a pipe has no edge to fold at."""


def write_json(value: object) -> None:
    """One document on one line, at once."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=written)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def written(value: object) -> str:
    """A value as people and JSON have it: moments as the API writes them."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def plain(text: object) -> str:
    """Somebody else's words on one line: what would move the cursor, ring or hide is written out."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in str(text)
    )


def say(line: str, *, error: bool = False, **style: Any) -> None:
    """A line at once, coloured on a terminal.

    Raises:
        OSError: whoever read it has gone.
    """
    import typer

    typer.secho(line, err=error, **style)


@contextmanager
def as_long_as_read() -> Iterator[None]:
    """A reader that has gone, as `head` does, is the usual end and no failure."""
    try:
        yield
    except BrokenPipeError:
        hush()


def hush() -> None:
    """Whoever read stdout has gone: what is still to be written there is dropped without complaint."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def console() -> Console:
    """The terminal, or whatever stands in for it. Text is printed as it is: long lines are not cut."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE
    return Console(width=width, highlight=False, markup=False, soft_wrap=True)


def write_table(
    titles: Sequence[str], rows: Iterable[Sequence[object]], *, folding: int | None = None
) -> None:
    """A table of plain text; the column `folding` may be broken into lines, the others stay whole."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for number, title in enumerate(titles):
        table.add_column(title, no_wrap=number != folding, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else written(cell)) for cell in row))
    console().print(table, soft_wrap=False)
