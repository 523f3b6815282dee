"""The use cases a door may ask for, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from kessai.services.balance import Balances
from kessai.services.catalog import Catalog
from kessai.services.charges import Charges
from kessai.services.checkout import Checkouts
from kessai.services.confirmation_tokens import ConfirmationTokens
from kessai.services.customer_passes import CustomerPasses
from kessai.services.customers import Customers
from kessai.services.disputes import Disputes
from kessai.services.due_documents import DueDocuments
from kessai.services.endpoints import Endpoints
from kessai.services.events import Events
from kessai.services.health import Health
from kessai.services.instruments import Instruments
from kessai.services.intent_following import IntentFollower
from kessai.services.intents import Intents
from kessai.services.merchants import Merchants
from kessai.services.payers import Payers
from kessai.services.payment_links import PaymentLinks
from kessai.services.payments import Payments
from kessai.services.payouts import Payouts
from kessai.services.recovery import Recovery
from kessai.services.refunds import Refunds
from kessai.services.setups import Setups
from kessai.services.slips import Slips
from kessai.services.test_clocks import TestClocks
from kessai.services.timelines import Timelines
from kessai.services.tokens import Tokens
from kessai.services.tries import Tries
from kessai.services.verification import Verification
from kessai.storage.journal import Observer


@dataclass(frozen=True, slots=True)
class Services:
    """`public_url` begins every link we hand out.

    `committed` is told of every Change that a request brought about, once it is durable.
    """

    payments: Payments
    refunds: Refunds
    intents: Intents
    intent_follower: IntentFollower
    customers: Customers
    instruments: Instruments
    payers: Payers
    tries: Tries
    tokens: Tokens
    confirmation_tokens: ConfirmationTokens
    customer_passes: CustomerPasses
    charges: Charges
    disputes: Disputes
    balances: Balances
    payouts: Payouts
    due_documents: DueDocuments
    setups: Setups
    slips: Slips
    catalog: Catalog
    checkouts: Checkouts
    payment_links: PaymentLinks
    merchants: Merchants
    endpoints: Endpoints
    events: Events
    recovery: Recovery
    test_clocks: TestClocks
    timelines: Timelines
    verification: Verification
    health: Health
    public_url: str
    committed: Observer
