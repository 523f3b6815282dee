"""Passes of customers: hand out, withdraw. Nothing is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kessai.domain.change import Change
from kessai.domain.customer import Customer
from kessai.domain.customer_pass import CustomerPass, PassForm
from kessai.domain.ids import MerchantId
from kessai.services.finding import living
from kessai.services.ports import IdFactory
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository


class CustomerPasses:
    """The use cases of passes. Methods that write return what is to be written."""

    def __init__(self, database: Database, ids: IdFactory) -> None:
        self._repository = DocumentRepository(database, CustomerPass)
        self._ids = ids

    def create(
        self, customer: Customer, form: PassForm, details: Mapping[str, Any], *, at: datetime
    ) -> tuple[CustomerPass, Change]:
        """A new pass of a customer's."""
        made = CustomerPass(
            id=self._ids.new_id(at),
            merchant_id=customer.merchant_id,
            created_at=at,
            updated_at=at,
            form=form,
            customer_id=customer.id,
            secret=self._ids.new_id(at).replace("-", "")[-24:],
            details=details,
        )
        return made, Change(records=(made,))

    async def get(self, merchant_id: MerchantId, pass_id: str) -> CustomerPass:
        """A merchant's pass that was not withdrawn.

        Raises:
            NotFoundError: unknown, another merchant's, or withdrawn.
        """
        return living(await self._repository.get(merchant_id, pass_id), "customer_pass")

    def withdraw(self, known: CustomerPass, *, at: datetime) -> tuple[CustomerPass, Change]:
        """Let it be good for nothing from now on."""
        withdrawn = known.withdrawn(at=at)
        return withdrawn, Change(records=(withdrawn,))
