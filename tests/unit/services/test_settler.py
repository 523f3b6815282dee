"""Results are written once each, together where they can be, and kept until they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from kessai.domain.delivery import Attempt, Delivery, DeliveryStatus
from kessai.domain.errors import DatabaseUnavailableError
from kessai.domain.ids import DeliveryId, EndpointId, EventId, MerchantId
from kessai.services.settler import Settler
from kessai.storage.repositories.settling import Settlement

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
DELIVERY = Delivery(
    id=DeliveryId("d0"),
    merchant_id=MerchantId("m"),
    event_id=EventId("e"),
    endpoint_id=EndpointId("p"),
    event_type="payment.succeeded",
    status=DeliveryStatus.SUCCEEDED,
    body=b"{}",
    attempt_count=1,
    retry_count=0,
    due_at=None,
    leased_until=None,
    last_error=None,
    created_at=AT,
    updated_at=AT,
)
ATTEMPT = Attempt(
    delivery_id=DELIVERY.id, number=1, started_at=AT, status_code=200, latency_ms=7, answer="", error=None
)


def settlement(number: int) -> Settlement:
    return Settlement(replace(DELIVERY, id=DeliveryId(f"d{number}")), ATTEMPT)


class Book:
    """Takes batches, or raises; waits for `gate` first."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.has_begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.raises: Exception | None = None
        self.guilty: str | None = None

    async def write(self, settlements: Sequence[Settlement]) -> None:
        ids = [str(each.delivery.id) for each in settlements]
        self.has_begun.set()
        await self.gate.wait()
        if self.raises is not None:
            raise self.raises
        if self.guilty in ids:
            raise ZeroDivisionError
        self.batches.append(ids)


async def test_what_ends_while_a_batch_is_written_forms_the_next() -> None:
    book = Book()
    book.gate.clear()
    settler = Settler(book.write)
    settler.add(settlement(1))
    await asyncio.sleep(0)
    settler.add(settlement(2))
    settler.add(settlement(3))

    book.gate.set()
    await settler.flush()

    assert book.batches == [["d1"], ["d2", "d3"]]


async def test_what_cannot_be_written_is_kept_and_told_of_once() -> None:
    book = Book()
    book.raises = DatabaseUnavailableError()
    settler = Settler(book.write)

    with capture_logs() as logs:
        settler.add(settlement(1))
        for _ in range(2):
            with pytest.raises(DatabaseUnavailableError):
                await settler.flush()
    assert [each["event"] for each in logs] == ["attempts_not_settled"]

    book.raises = None
    assert await settler.try_again() == 1
    assert await settler.try_again() == 0
    assert book.batches == [["d1"]]


async def test_what_comes_while_it_is_tried_again_is_written_after_that_and_once() -> None:
    book = Book()
    book.raises = DatabaseUnavailableError()
    settler = Settler(book.write)
    settler.add(settlement(1))
    with pytest.raises(DatabaseUnavailableError):
        await settler.flush()
    book.raises = None
    book.gate.clear()
    book.has_begun.clear()

    again = asyncio.create_task(settler.try_again())
    await book.has_begun.wait()
    settler.add(settlement(2))
    book.gate.set()
    await again
    await settler.flush()

    assert book.batches == [["d1"], ["d2"]]


async def test_a_bug_in_one_costs_no_other() -> None:
    book = Book()
    book.guilty = "d2"
    settler = Settler(book.write)
    for number in (1, 2, 3):
        settler.add(settlement(number))

    with capture_logs() as logs:
        await settler.flush()

    assert book.batches == [["d1"], ["d3"]]
    assert [(each["event"], each["delivery_id"]) for each in logs] == [("attempt_not_settled", "d2")]


async def test_an_outage_in_the_middle_of_that_keeps_the_rest() -> None:
    book = Book()
    book.guilty = "d1"
    settler = Settler(book.write)
    settler.add(settlement(1))
    with capture_logs():
        await settler.flush()

    book.raises = DatabaseUnavailableError()
    settler.add(settlement(2))
    with pytest.raises(DatabaseUnavailableError):
        await settler.flush()
    book.raises = None
    await settler.flush()

    assert book.batches == [["d2"]]


async def test_who_is_told_to_stop_waiting_stops_no_writing() -> None:
    book = Book()
    book.gate.clear()
    settler = Settler(book.write)
    settler.add(settlement(1))
    waiting = asyncio.create_task(settler.flush())
    await asyncio.sleep(0)

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    book.gate.set()
    await settler.flush()

    assert book.batches == [["d1"]]
