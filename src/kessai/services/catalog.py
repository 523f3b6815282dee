"""Products, prices and shipping rates: what a merchant sells, and how it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from kessai.domain.catalog import Price, Product, ShippingRate
from kessai.domain.change import Change
from kessai.domain.document import Document
from kessai.domain.event import Event, EventType
from kessai.domain.ids import MerchantId
from kessai.services.finding import found, living
from kessai.services.ports import IdFactory
from kessai.services.telling import Teller
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.scanning import Wanted

D = TypeVar("D", bound=Document)


class Catalog:
    """The use cases of what is for sale. Methods that write return what is to be written."""

    def __init__(self, database: Database, ids: IdFactory, teller: Teller) -> None:
        self._products = DocumentRepository(database, Product)
        self._prices = DocumentRepository(database, Price)
        self._shipping_rates = DocumentRepository(database, ShippingRate)
        self._ids = ids
        self._teller = teller

    def make_product(self, merchant_id: MerchantId, facts: Mapping[str, Any], *, at: datetime) -> Product:
        """A new product; `facts` are fields of one."""
        return self._made(Product, merchant_id, facts, at)

    def make_price(self, merchant_id: MerchantId, facts: Mapping[str, Any], *, at: datetime) -> Price:
        """A new price; `facts` are fields of one."""
        return self._made(Price, merchant_id, facts, at)

    def make_shipping_rate(
        self, merchant_id: MerchantId, facts: Mapping[str, Any], *, at: datetime
    ) -> ShippingRate:
        """A new shipping rate; `facts` are fields of one. Nothing is told of it."""
        return self._made(ShippingRate, merchant_id, facts, at)

    def told_of_new(self, made: Product | Price) -> Event:
        """The event that tells of one that is new."""
        kind = EventType.PRODUCT_CREATED if isinstance(made, Product) else EventType.PRICE_CREATED
        return self._teller.of_document(kind, made, made.created_at)

    async def get_product(self, merchant_id: MerchantId, product_id: str) -> Product:
        """A merchant's product that was not deleted.

        Raises:
            NotFoundError: there is none.
        """
        return living(await self._products.get(merchant_id, product_id), "product")

    async def get_price(self, merchant_id: MerchantId, price_id: str) -> Price:
        """A merchant's price.

        Raises:
            NotFoundError: there is none.
        """
        return found(await self._prices.get(merchant_id, price_id), "price")

    async def get_shipping_rate(self, merchant_id: MerchantId, rate_id: str) -> ShippingRate:
        """A merchant's shipping rate.

        Raises:
            NotFoundError: there is none.
        """
        return found(await self._shipping_rates.get(merchant_id, rate_id), "shipping_rate")

    async def list_products(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[Product], bool] = lambda _each: True,
    ) -> Sequence[Product]:
        """Newest first; one more than `limit` when there is more."""
        return await self._products.list(merchant_id, wanted, limit=limit + 1, where=where)

    async def list_prices(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[Price], bool] = lambda _each: True,
    ) -> Sequence[Price]:
        """Newest first; one more than `limit` when there is more."""
        return await self._prices.list(merchant_id, wanted, limit=limit + 1, where=where)

    async def list_shipping_rates(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[ShippingRate], bool] = lambda _each: True,
    ) -> Sequence[ShippingRate]:
        """Newest first; one more than `limit` when there is more."""
        return await self._shipping_rates.list(merchant_id, wanted, limit=limit + 1, where=where)

    async def price_called(self, merchant_id: MerchantId, lookup_key: str) -> Price | None:
        """The price that has this lookup key."""
        found = await self._prices.list(
            merchant_id,
            Wanted(lookup=lookup_key),
            limit=1,
            where=lambda each: each.lookup_key == lookup_key,
        )
        return found[0] if found else None

    def update_product(
        self, product: Product, facts: Mapping[str, Any], *, at: datetime
    ) -> tuple[Product, Change]:
        """Change what `facts` names."""
        changed = product.saved_again(at=at, **facts)
        told = self._teller.of_document(EventType.PRODUCT_UPDATED, changed, at, before=product)
        return changed, Change(records=(changed,), events=(told,))

    def update_price(self, price: Price, facts: Mapping[str, Any], *, at: datetime) -> tuple[Price, Change]:
        """Change what `facts` names."""
        changed = price.saved_again(at=at, **facts)
        told = self._teller.of_document(EventType.PRICE_UPDATED, changed, at, before=price)
        return changed, Change(records=(changed,), events=(told,))

    async def has_prices(self, product: Product) -> bool:
        """Whether a product has been given a price, in use or not."""
        return bool(await self._prices.list(product.merchant_id, Wanted(owner_id=product.id), limit=1))

    def delete_product(self, product: Product, *, at: datetime) -> Change:
        """Forget a product. It has to have no prices."""
        gone = product.saved_again(at=at, deleted_at=at)
        # Told of as it was: its name is what a receiver looks for.
        told = self._teller.of_document(EventType.PRODUCT_DELETED, product, at)
        return Change(records=(gone,), events=(told,))

    def _made(self, kind: type[D], merchant_id: MerchantId, facts: Mapping[str, Any], at: datetime) -> D:
        return kind(
            **{"metadata": {}, "details": {}, **facts},
            id=self._ids.new_id(at),
            merchant_id=merchant_id,
            created_at=at,
            updated_at=at,
        )
