"""Payouts: from the balance to the merchant's bank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from kessai.domain.change import Change
from kessai.domain.errors import AmountTooLargeError
from kessai.domain.event import EventType
from kessai.domain.ids import MerchantId
from kessai.domain.money import Money
from kessai.domain.payout import TAKES, Payout, PayoutAction, PayoutMethod, PayoutStatus
from kessai.domain.payout_register import PayoutRegister, new_register, register_id
from kessai.services.balance import Balances
from kessai.services.finding import found
from kessai.services.ports import IdFactory
from kessai.services.telling import Teller
from kessai.simulation.settlement import AT_ONCE, AVAILABLE_AFTER
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.scanning import Wanted
from kessai.storage.windows import Page

_WAITING: Final = (
    f"what was captured is available after {AVAILABLE_AFTER.days} days, at once if simulate was {AT_ONCE[0]}"
)


class Payouts:
    """The use cases of payouts. Methods that write return what is to be written; who asked commits it."""

    def __init__(self, database: Database, ids: IdFactory, teller: Teller, balances: Balances) -> None:
        self._repository = DocumentRepository(database, Payout)
        self._registers = DocumentRepository(database, PayoutRegister)
        self._ids = ids
        self._teller = teller
        self._balances = balances

    async def create(
        self,
        merchant_id: MerchantId,
        amount: Money,
        method: PayoutMethod,
        *,
        at: datetime,
        description: str | None,
        statement_descriptor: str | None,
        metadata: Mapping[str, str],
        takes: timedelta | None = None,
    ) -> tuple[Payout, Change]:
        """Send an amount on its way, for as long as its method takes unless `takes` is given.

        It is entered in its currency's register, so of several that are decided on one balance the first is
        written, and the others are decided again. What else moves the balance meanwhile needs no such order:
        a refund or a dispute is never refused for want of money and counts as coming after, and a payout that
        is canceled only gives.

        Raises:
            AmountTooLargeError: more than is available.
        """
        # Before the balance: who reads one that lacks a payout has read a register that lacks it, too.
        register = await self._registers.get(merchant_id, register_id(merchant_id, amount.currency))
        holding = (await self._balances.holdings(merchant_id, at=at)).get(amount.currency)
        available = holding.available if holding else 0
        if amount.minor > available:
            left = max(0, available)
            raise AmountTooLargeError(action="pay out", asked=amount.minor, left=left, hint=_WAITING)
        made = Payout(
            id=self._ids.new_id(at),
            merchant_id=merchant_id,
            created_at=at,
            updated_at=at,
            amount=amount,
            status=PayoutStatus.PENDING,
            method=method,
            arrives_at=at + (TAKES[method] if takes is None else takes),
            description=description,
            statement_descriptor=statement_descriptor,
            metadata=metadata,
        )
        entered = (
            register.entered(made.id, at=at)
            if register
            else new_register(merchant_id, amount.currency, made.id, at=at)
        )
        told = self._teller.of_document(EventType.PAYOUT_CREATED, made, at)
        # The register first: those who want to move it line up for it.
        return made, Change(records=(entered, made), events=(told,))

    async def get(self, merchant_id: MerchantId, payout_id: str) -> Payout:
        """A merchant's payout.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get(merchant_id, payout_id), "payout")

    async def list(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[Payout], bool] = lambda _each: True,
    ) -> Sequence[Payout]:
        """Newest first; one more than `limit` when there is more."""
        return await self._repository.list(merchant_id, wanted, limit=limit + 1, where=where)

    async def page(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[Payout], bool],
    ) -> Page[Payout]:
        """The same, at most `limit`; the page says where the list goes on."""
        return await self._repository.page(merchant_id, wanted, limit=limit, where=where)

    def update(self, payout: Payout, metadata: Mapping[str, str], *, at: datetime) -> tuple[Payout, Change]:
        """Change its metadata, which is all that can be changed."""
        return self._told(EventType.PAYOUT_UPDATED, payout, payout.saved_again(at=at, metadata=metadata), at)

    def cancel(self, payout: Payout, *, at: datetime) -> tuple[Payout, Change]:
        """Stop it: the money is back in the balance.

        Raises:
            ConflictError: it has arrived or was canceled.
        """
        canceled = payout.moved(PayoutAction.CANCEL).saved_again(at=at, canceled_at=at)
        return self._told(EventType.PAYOUT_CANCELED, None, canceled, at)

    async def due(self, payout: Payout, at: datetime) -> Change:
        """It arrives."""
        paid = payout.moved(PayoutAction.ARRIVE).saved_again(at=at)
        return self._told(EventType.PAYOUT_PAID, None, paid, at)[1]

    def _told(
        self, kind: EventType, before: Payout | None, after: Payout, at: datetime
    ) -> tuple[Payout, Change]:
        told = self._teller.of_document(kind, after, at, before=before)
        return after, Change(records=(after,), events=(told,))
