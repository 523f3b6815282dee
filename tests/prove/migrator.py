"""`python -m tests.prove.migrator ...` is `kessai ...`, killed at a statement of its choosing, or with a bug.

PROVE_DIES_AT is the number of the statement before which it ends as by `kill -9`; commits count as well.
PROVE_PLANT names a planted bug.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, event

from kessai.cli import main
from tests.prove.planted.migrations import plant_in_migrations

_COUNTED: Final = ("before_cursor_execute", "commit")


@contextmanager
def counted(at_each: Callable[[int], None] = lambda _number: None) -> Iterator[Callable[[], int]]:
    """Count the statements and commits of this process: gives what tells how many there were."""
    number = 0

    # Any: what the events pass is of no interest here.
    def next_one(*_: Any) -> None:
        nonlocal number
        number += 1
        at_each(number)

    for each in _COUNTED:
        event.listen(Engine, each, next_one)
    try:
        yield lambda: number
    finally:
        for each in _COUNTED:
            event.remove(Engine, each, next_one)


def _main() -> None:
    last = int(os.environ.get("PROVE_DIES_AT", "0"))

    def die(number: int) -> None:
        if number == last:
            os.kill(os.getpid(), signal.SIGKILL)

    plant_in_migrations(os.environ.get("PROVE_PLANT"))
    with counted(die):
        main()


if __name__ == "__main__":
    _main()
