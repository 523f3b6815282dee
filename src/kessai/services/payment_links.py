"""Payment links: made by a merchant, opened by whoever has their address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from kessai.domain.change import Change
from kessai.domain.checkout import CheckoutLine, CheckoutSession
from kessai.domain.errors import RateLimitedError
from kessai.domain.event import EventType
from kessai.domain.ids import MerchantId
from kessai.domain.payment_link import PaymentLink
from kessai.services.checkout import Checkouts
from kessai.services.finding import found
from kessai.services.ports import IdFactory, RateLimiter
from kessai.services.telling import Teller
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.scanning import Wanted


class PaymentLinks:
    """The use cases of links. Methods that write return what is to be written; who asked commits it."""

    def __init__(
        self,
        database: Database,
        ids: IdFactory,
        teller: Teller,
        checkouts: Checkouts,
        limiter: RateLimiter,
    ) -> None:
        self._repository = DocumentRepository(database, PaymentLink)
        self._ids = ids
        self._teller = teller
        self._checkouts = checkouts
        self._limiter = limiter

    def create(
        self,
        merchant_id: MerchantId,
        lines: Sequence[Mapping[str, Any]],
        facts: Mapping[str, Any],
        *,
        at: datetime,
    ) -> tuple[PaymentLink, Change]:
        """A new link; `lines` are fields of its lines, `facts` of the link."""
        made = PaymentLink(
            **facts,
            lines=tuple(CheckoutLine(**each, id=self._ids.new_id(at)) for each in lines),
            id=self._ids.new_id(at),
            merchant_id=merchant_id,
            created_at=at,
            updated_at=at,
        )
        told = self._teller.of_document(EventType.LINK_CREATED, made, at)
        return made, Change(records=(made,), events=(told,))

    async def get(self, merchant_id: MerchantId, link_id: str) -> PaymentLink:
        """A merchant's link.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get(merchant_id, link_id), "payment_link")

    async def get_any(self, link_id: str) -> PaymentLink:
        """A link whoever's it is, for who opens it.

        Raises:
            NotFoundError: unknown.
        """
        return found(await self._repository.get_any(link_id), "payment_link")

    async def list(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[PaymentLink], bool] = lambda _each: True,
    ) -> Sequence[PaymentLink]:
        """Newest first; one more than `limit` when there is more."""
        return await self._repository.list(merchant_id, wanted, limit=limit + 1, where=where)

    def update(
        self, link: PaymentLink, facts: Mapping[str, Any], *, at: datetime
    ) -> tuple[PaymentLink, Change]:
        """Change what `facts` names. The sessions that were opened before stay as they are."""
        changed = link.changed(facts, at=at)
        told = self._teller.of_document(EventType.LINK_UPDATED, changed, at, before=link)
        return changed, Change(records=(changed,), events=(told,))

    async def open(self, link: PaymentLink, facts: Mapping[str, Any], *, at: datetime) -> CheckoutSession:
        """A new session for whoever opens a link that is active; `facts` are fields that the link has not.

        Nobody shows a key here and each session is kept, so a link is opened as often as a merchant may call.

        Raises:
            RateLimitedError: too often.
        """
        allowance = await self._limiter.take(link.id)
        if allowance is not None and not allowance.allowed:
            raise RateLimitedError(limit=allowance.limit, retry_after_s=allowance.retry_after_s)
        known = {"link_id": link.id, "currency": link.currency, "metadata": link.metadata}
        return self._checkouts.create(
            link.merchant_id, [_facts(each) for each in link.lines], {**known, **facts}, at=at
        )

    async def opened(self, session: CheckoutSession) -> PaymentLink | None:
        """The link that a session came from; None if it came from none."""
        return None if session.link_id is None else await self.get_any(session.link_id)


def _facts(line: CheckoutLine) -> dict[str, Any]:
    """What a line of a session has of a link's."""
    return {
        "name": line.name,
        "price": line.price,
        "quantity": line.quantity,
        "metadata": line.metadata,
    }
