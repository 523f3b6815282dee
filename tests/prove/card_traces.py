"""Everything that servers leave, looked through for numbers: rows, files, logs."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kessai.storage.tables import metadata
from tests.prove.card_search import Search
from tests.prove.fleet import Fleet
from tests.prove.ground import Ground

_CVC: Final = re.compile(rb"""cvc[\\"']*\s*[:=]?\s*[\\"']*\d{3}""")


@dataclass(slots=True)
class Traces:
    """What was looked through, in bytes, and what was found where."""

    search: Search
    sizes: Counter[str] = field(default_factory=Counter)
    found: set[tuple[str, str]] = field(default_factory=set)
    cvcs: Counter[str] = field(default_factory=Counter)

    def look_at_text(self, where: str, text: bytes) -> None:
        """At something that can be read whole."""
        self.sizes[where] += len(text)
        self.cvcs[where] += len(_CVC.findall(text))
        self._note(where, self.search.in_text(text))

    def look_at(self, ground: Ground, fleet: Fleet) -> None:
        """At rows as text, at the database's files as they lie on the disk, at what was logged.

        Of places that are looked at again, the size is the newest.
        """
        before, self.sizes = self.sizes, Counter()
        for table in metadata.sorted_tables:
            self.look_at_text(f"rows of {table.name}", asyncio.run(_rows(ground, table.name)))
        if ground.postgres is not None:
            ground.postgres.sql("CHECKPOINT")
        for path in ground.files:
            # A log of transactions may be renamed meanwhile; then its new name is looked at the next time.
            with suppress(FileNotFoundError):
                self._look_at_file(f"files of {ground.kind}", path)
        for server in {fleet.api, *fleet.dispatchers}:
            self.look_at_text("logs", server.stderr.encode())
            self.look_at_text("logs", "".join(server.stdout).encode())
        self.sizes = Counter({**before, **self.sizes})

    def _look_at_file(self, where: str, path: Path) -> None:
        if path.is_file():
            self.sizes[where] += path.stat().st_size
            self._note(where, self.search.in_file(path))

    def _note(self, where: str, numbers: Iterable[str]) -> None:
        self.found |= {(where, number) for number in numbers}


async def _rows(ground: Ground, table: str) -> bytes:
    rows = await ground.rows(f"SELECT * FROM {table}")
    return "\n".join(json.dumps([_text(value) for value in row], ensure_ascii=False) for row in rows).encode(
        errors="surrogateescape"
    )


def _text(value: Any) -> str:
    """Any: what drivers give. Of bytes none is lost."""
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)
