"""Payers: payments by customers who are known, with instruments that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from kessai.domain.change import Change
from kessai.domain.charge import ChargeDetails
from kessai.domain.customer import Customer
from kessai.domain.errors import ConflictError, InvalidFieldError
from kessai.domain.ids import MerchantId
from kessai.domain.payment import Order, Payment
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.values import value
from kessai.services.customers import Customers
from kessai.services.instruments import Instruments
from kessai.services.payments import Created, Payments
from kessai.simulation.decide import effective
from kessai.simulation.table import DEFAULT
from kessai.simulation.trying import Terms, trial_of
from kessai.storage.journal import Database
from kessai.storage.repositories.payments import PaymentRepository
from kessai.storage.scanning import Wanted
from kessai.storage.windows import Page


@value(frozen=True, slots=True)
class Payer:
    """Who pays and with what, as far as either is known."""

    customer: Customer | None
    instrument: SavedInstrument | None

    @property
    def customer_id(self) -> str | None:
        return self.customer.id if self.customer else None


class Payers:
    """The use cases of whoever pays more than once. Methods that write return what is to be written."""

    def __init__(
        self, database: Database, customers: Customers, instruments: Instruments, payments: Payments
    ) -> None:
        self._paid = PaymentRepository(database)
        self._customers = customers
        self._instruments = instruments
        self._payments = payments

    async def find(
        self,
        merchant_id: MerchantId,
        customer_id: str | None,
        instrument_id: str | None,
        *,
        or_default: bool = False,
    ) -> Payer:
        """Who is meant. Without a `customer_id` it is whose the instrument is, if that is anybody's.

        `or_default`: without an `instrument_id` it is the customer's default, if they have one.

        Raises:
            NotFoundError: either is unknown, another merchant's or deleted.
            ConflictError: the instrument was detached.
            InvalidFieldError: it is another customer's.
        """
        instrument = None
        if instrument_id is not None:
            instrument = await self._instruments.usable(merchant_id, instrument_id)
            customer_id = _whose(instrument, customer_id)
        customer = None if customer_id is None else await self._customers.living(merchant_id, customer_id)
        default = customer.default_instrument_id if customer is not None and or_default else None
        if instrument is None and default is not None:
            instrument = await self._instruments.usable(merchant_id, default)
        return Payer(customer, instrument)

    async def pay(
        self,
        order: Order,
        customer_id: str | None,
        instrument_id: str | None,
        *,
        off_session: bool,
        at: datetime,
    ) -> Created:
        """Ask the bank of a saved instrument for a payment; a decline is a payment too.

        Where neither an instrument nor the order's own is named, the customer's default pays, if any.
        What the order says of its simulation goes before what the instrument stands for.

        Raises:
            KessaiError: as `find`.
        """
        payer = await self.find(
            order.merchant_id, customer_id, instrument_id, or_default=order.instrument is None
        )
        if payer.instrument is None:
            return self._payments.create(order, at=at, details=_details(order, payer))
        return self._paid_with(payer.instrument, order, payer, off_session=off_session, at=at)

    async def payments(
        self, merchant_id: MerchantId, customer_id: str, *, before: str | None, limit: int
    ) -> Page[Payment]:
        """What a customer has paid or tried to, a deleted one's too: newest first, at most `limit`.

        The page says where the list goes on.

        Raises:
            NotFoundError: there was no such customer.
        """
        customer = await self._customers.get(merchant_id, customer_id)
        return await self._paid.of_customer(merchant_id, customer.id, Wanted(before=before), limit=limit)

    async def update(
        self, merchant_id: MerchantId, customer_id: str, facts: Mapping[str, Any], *, at: datetime
    ) -> tuple[Customer, Change]:
        """Change what `facts` names of a customer, whose default instrument has to be theirs.

        Raises:
            KessaiError: as `find`.
        """
        customer = await self._customers.living(merchant_id, customer_id)
        default = facts.get("default_instrument_id")
        if default is not None:
            chosen = await self._instruments.usable(merchant_id, default)
            if chosen.customer_id != customer.id:
                raise InvalidFieldError(
                    "this instrument is not the customer's",
                    param="default_instrument_id",
                    hint="attach it to the customer first",
                )
        return self._customers.update(customer, facts, at=at)

    async def save(
        self, merchant_id: MerchantId, facts: Mapping[str, Any], customer_id: str | None, *, at: datetime
    ) -> tuple[SavedInstrument, Change]:
        """Keep a new instrument, a customer's or nobody's; `facts` are fields of one. Its bank is not asked.

        Raises:
            NotFoundError: there is no such customer.
        """
        made = self._instruments.make(merchant_id, facts, at=at)
        if customer_id is None:
            return made, Change(records=(made,))
        customer = await self._customers.living(merchant_id, customer_id)
        return self._instruments.attach(made, customer.id, at=at, is_new=True)

    async def attach(
        self, merchant_id: MerchantId, instrument_id: str, customer_id: str, *, at: datetime
    ) -> tuple[SavedInstrument, Change]:
        """Make an instrument a customer's; nothing happens if it is already.

        Raises:
            NotFoundError: either is unknown, another merchant's or deleted.
            ConflictError: it was detached, or is another customer's.
        """
        instrument = await self._instruments.usable(merchant_id, instrument_id)
        customer = await self._customers.living(merchant_id, customer_id)
        if instrument.customer_id == customer.id:
            return instrument, Change()
        if instrument.customer_id is not None:
            raise ConflictError(
                "this instrument is another customer's", hint="save what pays once more for this customer"
            )
        return self._instruments.attach(instrument, customer.id, at=at)

    async def detach(
        self, merchant_id: MerchantId, instrument_id: str, *, at: datetime
    ) -> tuple[SavedInstrument, Change]:
        """Make an instrument nobody's, for good; it is no customer's default any more.

        Raises:
            ConflictError: it is nobody's.
        """
        instrument = await self._instruments.living(merchant_id, instrument_id)
        if instrument.customer_id is None:
            raise ConflictError("this instrument is attached to no customer", hint="delete it instead")
        gone, change = self._instruments.detach(instrument, at=at)
        return gone, change.also(await self._customers.without(instrument, at=at))

    async def delete(
        self, merchant_id: MerchantId, instrument_id: str, *, at: datetime
    ) -> tuple[SavedInstrument, Change]:
        """The same, whoever's it is, and take it off every list."""
        instrument = await self._instruments.living(merchant_id, instrument_id)
        gone, change = self._instruments.delete(instrument, at=at)
        return gone, change.also(await self._customers.without(instrument, at=at))

    def _paid_with(
        self, instrument: SavedInstrument, order: Order, payer: Payer, *, off_session: bool, at: datetime
    ) -> Created:
        trial = trial_of(instrument, Terms(off_session=off_session))
        details, refusal = _details(order, payer), None
        if order.simulate == DEFAULT:
            refusal = trial.refusal
            # What pays is in the details already.
            failure = None if trial.failure is None else replace(trial.failure, instrument=None)
            details = replace(details, failure=failure)
        tried = replace(
            order,
            simulate=effective(order.simulate, trial.simulate),
            instrument=trial.instrument,
            delay=trial.delay if order.delay is None else order.delay,
        )
        return self._payments.create(tried, at=at, details=details, refusal=refusal)


def _whose(instrument: SavedInstrument, customer_id: str | None) -> str | None:
    if customer_id is not None and instrument.customer_id not in (None, customer_id):
        raise InvalidFieldError(
            "this instrument is another customer's",
            param="instrument_id",
            hint="leave customer_id out, or name one of this customer's instruments",
        )
    return customer_id or instrument.customer_id


def _details(order: Order, payer: Payer) -> ChargeDetails:
    """What is kept with a payment of somebody who is known; its hold can be raised as anybody's."""
    billing = dict(payer.instrument.billing) if payer.instrument else {}
    return ChargeDetails(
        instrument=payer.instrument,
        customer_id=payer.customer_id,
        may_increment=True,
        description=order.description,
        metadata=order.metadata,
        billing={**billing, "email": order.customer_email} if order.customer_email else billing,
    )
