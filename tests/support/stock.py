"""Many payments of several merchants with events and keys, cast from a few moulds straight into the database.

The moulds are what the use cases make; the copies differ in ids, moments, amounts and whom they are about.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import asyncpg

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.domain.idempotency import KeyClaim, StoredAnswer
from kessai.domain.ids import MerchantId
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod, Order
from kessai.services.payments import Payments
from kessai.storage.address import sqlite_file
from kessai.storage.event_rows import EVENT_COLUMNS, event_to_row
from kessai.storage.journal import Database
from kessai.storage.key_rows import CLAIM_COLUMNS, claim_to_row
from kessai.storage.payment_rows import PAYMENT_COLUMNS, payment_to_row
from kessai.storage.types import moment_text

APART: Final = timedelta(milliseconds=70)
"""A million in less than a day: no key has expired."""
_AT_ONCE: Final = 10_000
_BODY: Final = b'{"id":"00000000-0000-0000-0000-000000000000","note":"' + b"x" * 800 + b'"}'

Row = list[Any]


@dataclass(frozen=True, slots=True)
class Stock:
    """Payments `first` to before `end`, APART, number 0 at `since`; every second is of the first merchant.

    One in 20 is held, two are declined, one in 50 is in dollars, one in 1,000 waits for its payer and one in
    2,500 is in dinars; every second has a reference. A customer pays a hundred times, then others come.
    """

    merchants: Sequence[MerchantId]
    since: datetime
    first: int
    end: int


class _Mould(NamedTuple):
    payment: Row
    events: list[Row]


class _Caster:
    """Makes rows; `moment` writes one as the database's driver takes it."""

    def __init__(self, stock: Stock, moment: Callable[[datetime], Any]) -> None:
        self._stock = stock
        self._moment = moment
        self._ids = UuidFactory(SeededDice(stock.first + 1))
        self._moulds: dict[tuple[str, str, CaptureMethod], _Mould] = {}
        self._mould_at = stock.since.replace(microsecond=654_321)

    def cast(self, number: int) -> tuple[Row, list[Row], Row]:
        """The rows of one payment: its own, its events', its key's."""
        stock = self._stock
        at = stock.since + number * APART
        merchants = stock.merchants
        merchant_id = merchants[0] if number % 2 or len(merchants) == 1 else merchants[1:][number // 2 % 3]
        mould = self._mould(_kind(number))
        payment, payment_id = self._payment(mould, number, at, merchant_id)
        events = [self._event(each, payment_id, merchant_id, at) for each in mould.events]
        return payment, events, self._key(merchant_id, number, at)

    def _payment(self, mould: _Mould, number: int, at: datetime, merchant_id: MerchantId) -> tuple[Row, str]:
        row, payment_id, moment = mould.payment.copy(), self._ids.new_id(at), self._moment(at)
        amount = 100 + number * 7_919 % 100_000
        row[_P["id"]], row[_P["merchant_id"]], row[_P["amount"]] = payment_id, merchant_id, amount
        row[_P["captured_amount"]] = amount if row[_P["captured_amount"]] else 0
        row[_P["customer_email"]] = f"customer-{number % 50 + number // 5_000 * 50}@example.com"
        row[_P["reference"]] = None if number % 4 > 1 else f"order-{number}"
        for name in ("created_at", "updated_at", "authorized_at", "captured_at"):
            row[_P[name]] = moment if row[_P[name]] is not None else None
        row[_P["transitions"]] = row[_P["transitions"]].replace(self._mould_at.isoformat(), at.isoformat())
        return row, payment_id

    def _event(self, mould: Row, payment_id: str, merchant_id: str, at: datetime) -> Row:
        row = mould.copy()
        snapshot = row[_E["snapshot"]].replace(mould[_E["payment_id"]], payment_id)
        snapshot = snapshot.replace(mould[_E["merchant_id"]], merchant_id)
        row[_E["snapshot"]] = snapshot.replace(self._mould_at.isoformat(), at.isoformat())
        row[_E["id"]], row[_E["merchant_id"]] = self._ids.new_id(at), merchant_id
        row[_E["payment_id"]] = payment_id
        row[_E["occurred_at"]] = row[_E["fanned_out_at"]] = self._moment(at)
        return row

    def _key(self, merchant_id: MerchantId, number: int, at: datetime) -> Row:
        key = f"{number * 2_654_435_761 % 2**32:08x}-{number:024x}"
        answer = StoredAnswer(201, "application/json", _BODY)
        claim = KeyClaim(merchant_id, key, "f" * 64, answer, at, at + timedelta(hours=24))
        return self._row(claim_to_row(claim))

    def _mould(self, kind: tuple[str, str, CaptureMethod]) -> _Mould:
        if kind not in self._moulds:
            self._moulds[kind] = self._made(*kind)
        return self._moulds[kind]

    def _made(self, simulate: str, currency: str, capture_method: CaptureMethod) -> _Mould:
        order = Order(
            merchant_id=MerchantId(self._ids.new_id(self._stock.since)),
            amount=Money(10_000, currency),
            capture_method=capture_method,
            simulate=simulate,
            metadata={"order_id": "123"},
            description="Two tickets, second row",
        )
        # No database: to create asks it for nothing.
        use_case = Payments(_NOWHERE, self._ids, bank_timeout=timedelta(0))
        change = use_case.create(order, at=self._mould_at).change
        assert change.payment is not None
        events = [self._row(event_to_row(event)) for event in change.events]
        return _Mould(self._row(payment_to_row(change.payment)), events)

    def _row(self, values: Sequence[Any]) -> Row:
        return [self._moment(value) if isinstance(value, datetime) else value for value in values]


class _Nowhere:
    """A database that cannot be asked."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody is to ask for {name}")


_NOWHERE: Final[Database] = _Nowhere()
_P: Final = {name: place for place, name in enumerate(PAYMENT_COLUMNS)}
_E: Final = {name: place for place, name in enumerate(EVENT_COLUMNS)}
_NAMES: Final[Mapping[str, Sequence[str]]] = {
    "payments": PAYMENT_COLUMNS,
    "webhook_events": EVENT_COLUMNS,
    "idempotency_keys": CLAIM_COLUMNS,
}


def _kind(number: int) -> tuple[str, str, CaptureMethod]:
    currency = "KWD" if number % 2_500 == 11 else "USD" if number % 50 == 3 else "INR"
    if number % 1_000 == 7:
        return "requires_action", currency, CaptureMethod.AUTOMATIC
    match number % 20:
        case 5 | 6:
            return "bank_error", currency, CaptureMethod.AUTOMATIC
        case 9:
            return "success", currency, CaptureMethod.MANUAL
        case _:
            return "success", currency, CaptureMethod.AUTOMATIC


def _batches(
    stock: Stock, moment: Callable[[datetime], Any], progress: Callable[[int], None]
) -> Iterator[dict[str, list[Row]]]:
    caster = _Caster(stock, moment)
    numbers = iter(range(stock.first, stock.end))
    while some := list(islice(numbers, _AT_ONCE)):
        cast = [caster.cast(number) for number in some]
        yield {
            "payments": [payment for payment, _, _ in cast],
            "webhook_events": [event for _, events, _ in cast for event in events],
            "idempotency_keys": [key for _, _, key in cast],
        }
        progress(some[-1] + 1)


def lay_in(url: str, stock: Stock, progress: Callable[[int], None] = lambda _done: None) -> None:
    """Write the stock into a migrated database that has its merchants and that nobody has open.

    `progress` is told how many payments there are. On PostgreSQL statistics are brought up to date, as its
    autovacuum would do a little later; kessai keeps none on SQLite.
    """
    path = sqlite_file(url)
    if path is not None:
        _into_file(path, stock, progress)
    else:
        asyncio.run(_into_server(url, stock, progress))


def _into_file(path: Path, stock: Stock, progress: Callable[[int], None]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in ("journal_mode = WAL", "synchronous = OFF", "cache_size = -1000000"):
            database.execute(f"PRAGMA {pragma}")
        statements = {name: _insert(name, columns) for name, columns in _NAMES.items()}
        for batch in _batches(stock, moment_text, progress):
            database.execute("BEGIN")
            for name, rows in batch.items():
                database.executemany(statements[name], rows)
            database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


async def _into_server(url: str, stock: Stock, progress: Callable[[int], None]) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for batch in _batches(stock, lambda moment: moment, progress):
            for name, rows in batch.items():
                await connection.copy_records_to_table(name, records=rows, columns=_NAMES[name])
        for name in _NAMES:
            await connection.execute(f"VACUUM (ANALYZE) {name}", timeout=600)
        await connection.execute("CHECKPOINT", timeout=600)
    finally:
        await connection.close()
