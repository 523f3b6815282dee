"""The kinds of object that the Stripe API refers to by id: how each is found, and how it is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from kessai.dialects.stripe.events import event_object, name_of
from kessai.dialects.stripe.ids import decode, decode_short
from kessai.dialects.stripe.objects.balance_transaction import balance_transaction
from kessai.dialects.stripe.objects.charge import charge
from kessai.dialects.stripe.objects.checkout_session import checkout_session
from kessai.dialects.stripe.objects.clock import clock
from kessai.dialects.stripe.objects.confirmation_token import confirmation_token
from kessai.dialects.stripe.objects.customer import customer
from kessai.dialects.stripe.objects.dispute import dispute
from kessai.dialects.stripe.objects.early_fraud_warning import early_fraud_warning
from kessai.dialects.stripe.objects.payment_intent import payment_intent
from kessai.dialects.stripe.objects.payment_link import payment_link
from kessai.dialects.stripe.objects.payment_method import payment_method
from kessai.dialects.stripe.objects.payment_source import payment_source
from kessai.dialects.stripe.objects.payout import payout
from kessai.dialects.stripe.objects.price import price
from kessai.dialects.stripe.objects.product import product
from kessai.dialects.stripe.objects.refund import refund
from kessai.dialects.stripe.objects.setup_intent import setup_attempt, setup_intent
from kessai.dialects.stripe.objects.shipping_rate import shipping_rate
from kessai.dialects.stripe.objects.token import token
from kessai.dialects.stripe.objects.webhook_endpoint import webhook_endpoint
from kessai.dialects.stripe.shape import Object
from kessai.domain.catalog import Price, Product, ShippingRate
from kessai.domain.change import Change
from kessai.domain.checkout import CheckoutSession
from kessai.domain.confirmation_token import ConfirmationToken
from kessai.domain.customer import Customer
from kessai.domain.dispute import Dispute
from kessai.domain.endpoint import Endpoint
from kessai.domain.entry import Entry
from kessai.domain.errors import NotFoundError
from kessai.domain.event import Event
from kessai.domain.intent import Intent
from kessai.domain.payment import Payment
from kessai.domain.payment_link import PaymentLink
from kessai.domain.payout import Payout
from kessai.domain.refund import Refund
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.setup import Setup, SetupAttempt
from kessai.domain.test_clock import TestClock
from kessai.domain.token import Token
from kessai.domain.values import value
from kessai.http.call import Call
from kessai.simulation.settlement import Settled, entries_of
from kessai.simulation.warnings import is_warned_of


@value(frozen=True, slots=True)
class Kind:
    """One kind. `prefixes` begin its ids, `load` finds one by its core id, `render` shows it.

    `makes` is the class of the core's values. Any: they are of that class.
    """

    prefixes: tuple[str, ...]
    makes: type[Any]
    load: Callable[[Call, str], Awaitable[Any]]
    render: Callable[[Any, str], Object]

    def core_id(self, object_id: str) -> str | None:
        """The core's id of an object; None when it is the id of none of this kind."""
        for prefix in self.prefixes:
            found = decode_short(object_id) if prefix == "cus" else decode(prefix, object_id)
            if found is not None:
                return found
        return None


_SOURCE: Final = Kind(
    ("card", "src"),
    SavedInstrument,
    lambda call, each: call.services.instruments.get(call.merchant.id, each),
    payment_source,
)


async def _warned_of(call: Call, payment_id: str) -> Payment:
    payment = await call.services.payments.get(call.merchant.id, payment_id)
    if not is_warned_of(payment):
        raise NotFoundError("early fraud warning")
    return payment


async def _told(call: Call, event_id: str) -> Event:
    """An event that this API has a name for, and that was not pruned."""
    event = await call.services.events.get(call.merchant.id, event_id)
    if name_of(event) is None or event.pruned_at is not None:
        raise NotFoundError("event")
    return event


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "customer": Kind(
            ("cus",),
            Customer,
            lambda call, each: call.services.customers.get(call.merchant.id, each),
            customer,
        ),
        "payment_method": Kind(
            ("pm", "card", "src"),
            SavedInstrument,
            lambda call, each: call.services.instruments.get(call.merchant.id, each),
            payment_method,
        ),
        "card": _SOURCE,
        "source": _SOURCE,
        "token": Kind(
            ("tok",),
            Token,
            lambda call, each: call.services.tokens.get(call.merchant.id, each),
            token,
        ),
        "payment_intent": Kind(
            ("pi",),
            Intent,
            lambda call, each: call.services.intents.get(call.merchant.id, each),
            payment_intent,
        ),
        "confirmation_token": Kind(
            ("ctoken",),
            ConfirmationToken,
            lambda call, each: call.services.confirmation_tokens.get(call.merchant.id, each),
            confirmation_token,
        ),
        "setup_intent": Kind(
            ("seti",),
            Setup,
            lambda call, each: call.services.setups.get(call.merchant.id, each),
            setup_intent,
        ),
        "setup_attempt": Kind(
            ("setatt",),
            SetupAttempt,
            lambda call, each: call.services.setups.get_attempt(call.merchant.id, each),
            setup_attempt,
        ),
        "charge": Kind(
            ("ch", "py"),
            Payment,
            lambda call, each: call.services.payments.get(call.merchant.id, each),
            charge,
        ),
        "refund": Kind(
            ("re", "pyr"),
            Refund,
            lambda call, each: call.services.refunds.get(call.merchant.id, each),
            refund,
        ),
        "dispute": Kind(
            ("du", "dp"),
            Dispute,
            lambda call, each: call.services.disputes.get(call.merchant.id, each),
            dispute,
        ),
        "balance_transaction": Kind(
            ("txn",),
            Entry,
            lambda call, each: call.services.balances.get(call.merchant.id, each, at=call.now),
            balance_transaction,
        ),
        "payout": Kind(
            ("po",),
            Payout,
            lambda call, each: call.services.payouts.get(call.merchant.id, each),
            payout,
        ),
        "radar.early_fraud_warning": Kind(("issfr",), Payment, _warned_of, early_fraud_warning),
        "webhook_endpoint": Kind(
            ("we",),
            Endpoint,
            lambda call, each: call.services.endpoints.get(call.merchant.id, each, dialect="stripe"),
            webhook_endpoint,
        ),
        "test_helpers.test_clock": Kind(
            ("clock",),
            TestClock,
            lambda call, each: call.services.test_clocks.get(call.merchant.id, each),
            clock,
        ),
        "event": Kind(("evt",), Event, _told, event_object),
        "product": Kind(
            ("prod",),
            Product,
            lambda call, each: call.services.catalog.get_product(call.merchant.id, each),
            product,
        ),
        "price": Kind(
            ("price",),
            Price,
            lambda call, each: call.services.catalog.get_price(call.merchant.id, each),
            price,
        ),
        "shipping_rate": Kind(
            ("shr",),
            ShippingRate,
            lambda call, each: call.services.catalog.get_shipping_rate(call.merchant.id, each),
            shipping_rate,
        ),
        "checkout.session": Kind(
            ("cs_test",),
            CheckoutSession,
            lambda call, each: call.services.checkouts.get(call.merchant.id, each),
            checkout_session,
        ),
        "payment_link": Kind(
            ("plink",),
            PaymentLink,
            lambda call, each: call.services.payment_links.get(call.merchant.id, each),
            payment_link,
        ),
    }
)
"""By the name that the API gives the object."""


async def find(call: Call, kind: str, object_id: str) -> Any | None:
    """The core's value behind an object's id; None when there is none of the merchant's."""
    core_id = KINDS[kind].core_id(object_id)
    if core_id is None:
        return None
    try:
        return await KINDS[kind].load(call, core_id)
    except NotFoundError:
        return None


def new_in(call: Call, change: Change | None, kind: str, object_id: str) -> Any | None:
    """The same of what a request has just made or changed, which is not written yet."""
    core_id, makes = KINDS[kind].core_id(object_id), KINDS[kind].makes
    if change is None or core_id is None:
        return None
    made: list[Any] = [change.payment, change.refund, *change.records]
    if makes is Entry:
        made = [entry for each in made if isinstance(each, Settled) for entry in entries_of(each, call.now)]
    return next((each for each in made if isinstance(each, makes) and each.id == core_id), None)
