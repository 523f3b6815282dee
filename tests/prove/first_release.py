"""A database as the first release left it: its schema, and rows cast from what it wrote for seven purchases.

The moulds in first_release.json are its own rows, byte for byte, with what was asked for under which key.
The copies differ in ids, moments, amounts, references and keys. Nothing in them is due within hours, so a
server that delivers nothing has no reason to touch one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.settings.options import DEFAULT_API_SECRET_KEY
from kessai.storage.address import sqlite_file
from kessai.storage.migrate import upgrade
from tests.e2e.journal import Answer, Ask, Journal

FIRST: Final = "0001"
TABLES: Final = (
    *("merchants", "api_keys", "webhook_endpoints", "payments", "refunds", "webhook_events"),
    *("webhook_deliveries", "webhook_attempts", "idempotency_keys"),
)
"""All of its tables, each after those it refers to."""

_MOULDS: Final = Path(__file__).with_suffix(".json")
_EACH_MAX: Final = 2_000
"""Purchases of one merchant, about: what an auditor reads at once."""
_MERCHANTS_MIN: Final = 4
_WEIGHTS: Final = (45, 8, 15, 8, 8, 8, 8)
"""How often each purchase is made: most are simply paid."""
_AGO: Final = timedelta(hours=12)
_APART: Final = timedelta(milliseconds=70)
_AT_ONCE: Final = 2_000
_VARIES: Final = re.compile(
    r"(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<moment>2026-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)"
    r"|(?P<key>key-\d{4})|(?P<order>\b0000001\b|(?<=order-)0000001)"
    r"|(?P<amount>\b(?:7000001|5000001|3000001|2999999|2000001|1000001)\b)"
)
_UNITS: Final = {"7000001": 7, "5000001": 5, "3000001": 3, "2999999": 3, "2000001": 2, "1000001": 1}
"""Of so many parts an amount is made; three parts of seven and three are one more and one less."""
_ODD: Final = {"3000001": 1, "2999999": -1}

Row = dict[str, Any]
Rows = Mapping[str, Sequence[Row]]
NewId = Callable[[datetime], str]


class _Mould:
    """One purchase as text, taken apart where copies differ: what stands there, by its kind, and where."""

    def __init__(self, purchase: Mapping[str, Any]) -> None:
        self.began = _moment(purchase["rows"]["payments"][0]["created_at"])
        self._parts: list[str | tuple[str, str]] = []
        text, end = json.dumps(purchase, ensure_ascii=False), 0
        for found in _VARIES.finditer(text):
            self._parts += [text[end : found.start()], (found.lastgroup or "", found[0])]
            end = found.end()
        self._parts.append(text[end:])
        self._varying = {each for each in self._parts if isinstance(each, tuple)}

    def cast(self, number: int, unit: int, later: timedelta, others: Mapping[str, str], new_id: NewId) -> Any:
        """A purchase, parsed; `others` are ids that are known, `new_id` makes the rest."""
        copies = {
            (kind, before): others.get(before) or _copy(kind, before, number, unit, later, new_id)
            # In order, so that the same seed gives the same ids.
            for kind, before in sorted(self._varying)
        }
        return json.loads("".join(each if isinstance(each, str) else copies[each] for each in self._parts))


def _copy(kind: str, before: str, number: int, unit: int, later: timedelta, new_id: NewId) -> str:
    match kind:
        case "id":
            made = datetime.fromtimestamp(int(before.replace("-", "")[:12], 16) / 1000, UTC)
            return new_id(made + later)
        case "moment":
            return (datetime.fromisoformat(before) + later).isoformat(timespec="microseconds")
        case "key":
            return f"{before}-of-{number:07d}"
        case "order":
            return f"{number:07d}"
        case _:
            return str(_UNITS[before] * unit + _ODD.get(before, 0))


class Caster:
    """Makes `count` purchases of a seed, and remembers what the first merchant asked and was answered."""

    def __init__(self, count: int, seed: int, since: datetime) -> None:
        moulds = json.loads(_MOULDS.read_text(encoding="utf-8"))
        self._chance = random.Random(seed)
        self._ids = UuidFactory(SeededDice(seed))
        self._since = since
        self._moulds = [_Mould(each) for each in moulds["purchases"]]
        self._owner = moulds["merchant"], moulds["api_key"], moulds["endpoint"]
        self._merchants = [
            self._merchant(number) for number in range(max(_MERCHANTS_MIN, count // _EACH_MAX))
        ]
        self._count = count
        self.journal = Journal()

    @cached_property
    def merchants(self) -> Rows:
        """Rows of the merchants; the first one's key is the well-known one."""
        names = TABLES[:3]
        return {name: [each[place] for each in self._merchants] for place, name in enumerate(names)}

    def purchases(self) -> Iterator[Rows]:
        """Rows of all purchases, a few thousand at a time."""
        count = self._count
        for first in range(0, count, _AT_ONCE):
            many = [self._purchase(number) for number in range(first, min(count, first + _AT_ONCE))]
            yield {table: [row for each in many for row in each[table]] for table in TABLES[3:]}

    def _purchase(self, number: int) -> dict[str, list[Row]]:
        # Each kind soon, also in a small database.
        kinds = range(len(_WEIGHTS))
        kind = number if number in kinds else self._chance.choices(kinds, _WEIGHTS)[0]
        mould, owner = self._moulds[kind], number % len(self._merchants)
        later = self._since + number * _APART - mould.began
        others = {
            before["id"]: mine["id"] for before, mine in zip(self._owner, self._merchants[owner], strict=True)
        }
        unit = self._chance.randint(1, 1_000_000)
        made = mould.cast(number, unit, later, others, self._ids.new_id)
        rows: dict[str, list[Row]] = made["rows"]
        for ask, key in zip(made["asks"], rows["idempotency_keys"], strict=True):
            key["fingerprint"] = _fingerprint(ask)
            if owner == 0:
                self._remember(ask, key)
        return rows

    def _remember(self, ask: Mapping[str, Any], key: Row) -> None:
        asked = Ask(ask["key"], ask["path"].removeprefix("/api/v1"), ask["body"])
        self.journal.ask(asked)
        self.journal.acknowledge(asked, Answer(key["status"], {}, key["body"].encode(), 0))

    def _merchant(self, number: int) -> tuple[Row, Row, Row]:
        merchant, key, endpoint = self._owner
        if number == 0:
            return merchant, key, endpoint
        ids = [self._ids.new_id(self._since) for _ in range(3)]
        opens = f"sk_test_merchant_{number}"
        digest = hmac.new(DEFAULT_API_SECRET_KEY.encode(), opens.encode(), hashlib.sha256).hexdigest()
        return (
            {**merchant, "id": ids[0], "name": f"Merchant {number}"},
            {
                **key,
                "id": ids[1],
                "merchant_id": ids[0],
                "digest": digest,
                "public_key": f"pk_test_merchant_{number}",
                "last4": opens[-4:],
            },
            {**endpoint, "id": ids[2], "merchant_id": ids[0]},
        )


def lay_in_first(
    url: str, count: int, seed: int, progress: Callable[[float], None] = lambda _done: None
) -> Journal:
    """Make the first schema of an empty database and fill it; returns what the first merchant knows."""
    upgrade(url, FIRST)
    caster = Caster(count, seed, datetime.now(UTC) - _AGO)
    batches = chain([caster.merchants], caster.purchases())
    path = sqlite_file(url)
    if path is not None:
        _into_file(path, batches, progress)
    else:
        asyncio.run(_into_server(url, batches, progress))
    return caster.journal


def _into_file(path: Path, batches: Iterator[Rows], progress: Callable[[float], None]) -> None:
    done = 0
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        for batch in batches:
            for table, rows in batch.items():
                for columns, values in _columnwise(rows, _of_file):
                    places = ", ".join("?" * len(columns))
                    insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
                    database.executemany(insert, values)
            done += len(batch.get("payments", ()))
            progress(done)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _into_server(url: str, batches: Iterator[Rows], progress: Callable[[float], None]) -> None:
    done = 0
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for batch in batches:
            for table, rows in batch.items():
                for columns, values in _columnwise(rows, _of_server):
                    await connection.copy_records_to_table(table, records=values, columns=columns)
            done += len(batch.get("payments", ()))
            progress(done)
        await connection.execute("ANALYZE")
        await connection.execute("CHECKPOINT", timeout=600)
    finally:
        await connection.close()


def _columnwise(
    rows: Sequence[Row], value_of: Callable[[str, Any], Any]
) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    """The rows as drivers take them; nothing if there are none."""
    if rows:
        columns = list(rows[0])
        yield columns, [tuple(value_of(name, row[name]) for name in columns) for row in rows]


def _of_file(name: str, value: Any) -> Any:
    return value.encode() if name == "body" else value


def _of_server(name: str, value: Any) -> Any:
    if name.startswith("is_"):
        return bool(value)
    if value is not None and name.endswith(("_at", "_until", "_since")):
        return _moment(value)
    return _of_file(name, value)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _fingerprint(ask: Mapping[str, Any]) -> str:
    """As that release made it of a request."""
    material = orjson.dumps(("POST", ask["path"], ask["body"]), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(material).hexdigest()
