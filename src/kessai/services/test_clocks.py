"""Test clocks. Methods that write return what is to be written; whoever asked commits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from kessai.domain.change import Change
from kessai.domain.customer import Customer
from kessai.domain.errors import InvalidFieldError
from kessai.domain.event import EventType
from kessai.domain.ids import MerchantId
from kessai.domain.test_clock import CUSTOMERS_MAX, TestClock
from kessai.services.finding import living
from kessai.services.ports import IdFactory
from kessai.services.telling import Teller
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.scanning import Wanted


class TestClocks:
    """The use cases of test clocks.

    A clock is a time that customers were made at. What falls due for them (holds that expire, pending
    payments that settle) falls due by the gateway's own clock, which no test clock moves.
    """

    def __init__(self, database: Database, ids: IdFactory, teller: Teller) -> None:
        self._repository = DocumentRepository(database, TestClock)
        self._customers = DocumentRepository(database, Customer)
        self._ids = ids
        self._teller = teller

    def create(
        self, merchant_id: MerchantId, frozen_at: datetime, name: str | None, *, at: datetime
    ) -> tuple[TestClock, Change]:
        """A new clock."""
        made = TestClock(
            id=self._ids.new_id(at),
            merchant_id=merchant_id,
            created_at=at,
            updated_at=at,
            name=name,
            frozen_at=frozen_at,
        )
        told = self._teller.of_document(EventType.CLOCK_CREATED, made, at)
        return made, Change(records=(made,), events=(told,))

    async def get(self, merchant_id: MerchantId, clock_id: str) -> TestClock:
        """A merchant's clock.

        Raises:
            NotFoundError: unknown, deleted, or another merchant's.
        """
        return living(await self._repository.get(merchant_id, clock_id), "test clock")

    async def list(self, merchant_id: MerchantId, wanted: Wanted, *, limit: int) -> Sequence[TestClock]:
        """Newest first; one more than `limit` when there is more."""
        return await self._repository.list(merchant_id, wanted, limit=limit + 1)

    def advance(self, clock: TestClock, to: datetime, *, at: datetime) -> tuple[TestClock, Change]:
        """Let it stand at a later moment: the clock on its way there, which has arrived once it is written.

        Raises:
            InvalidFieldError: the moment is not later.
        """
        if to <= clock.frozen_at:
            raise InvalidFieldError("frozen_time has to be after the present one", param="frozen_time")
        arrived = clock.advanced(to, at=at)
        on_its_way = replace(arrived, is_advancing=True)
        told = (
            self._teller.of_document(EventType.CLOCK_ADVANCING, on_its_way, at),
            self._teller.of_document(EventType.CLOCK_READY, arrived, at),
        )
        return on_its_way, Change(records=(arrived,), events=told)

    async def delete(self, clock: TestClock, *, at: datetime) -> Change:
        """Forget it and its customers."""
        gone = clock.saved_again(at=at, deleted_at=at)
        customers = await self._of(clock)
        forgotten = tuple(each.saved_again(at=at, deleted_at=at) for each in customers)
        told = [self._teller.of_document(EventType.CUSTOMER_DELETED, each, at) for each in customers]
        told.append(self._teller.of_document(EventType.CLOCK_DELETED, clock, at))
        return Change(records=(*forgotten, gone), events=tuple(told))

    async def require_room(self, clock: TestClock) -> None:
        """Refuse one customer more when it has CUSTOMERS_MAX.

        Two at the same moment may both find room: one more is no harm.

        Raises:
            InvalidFieldError: it has as many.
        """
        if len(await self._of(clock)) >= CUSTOMERS_MAX:
            raise InvalidFieldError(f"a test clock has at most {CUSTOMERS_MAX} customers", param="test_clock")

    async def _of(self, clock: TestClock) -> Sequence[Customer]:
        wanted = Wanted(owner_id=clock.id)
        return await self._customers.list(clock.merchant_id, wanted, limit=CUSTOMERS_MAX + 100)
