"""The use cases, joined: which knows which."""

from __future__ import annotations

from datetime import timedelta

from kessai.adapters.rate_limit import RedisRateLimiter
from kessai.bootstrap.tools import Tools, revealed
from kessai.domain.checkout import CheckoutSession
from kessai.domain.dispute import Dispute
from kessai.domain.payout import Payout
from kessai.services.balance import Balances
from kessai.services.catalog import Catalog
from kessai.services.charges import Charges
from kessai.services.checkout import Checkouts
from kessai.services.checkout_following import CheckoutFollower
from kessai.services.confirmation_tokens import ConfirmationTokens
from kessai.services.customer_passes import CustomerPasses
from kessai.services.customers import Customers
from kessai.services.disputes import Disputes
from kessai.services.due_documents import DueDocuments
from kessai.services.endpoints import Endpoints, Shorthand
from kessai.services.events import Events
from kessai.services.health import Health, SchemaRevisions
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
from kessai.services.services import Services
from kessai.services.setups import Setups
from kessai.services.slips import Slips
from kessai.services.telling import Teller
from kessai.services.test_clocks import TestClocks
from kessai.services.timelines import Timelines
from kessai.services.tokens import Tokens
from kessai.services.tries import Tries
from kessai.services.verification import Verification
from kessai.storage.migrate import HEAD, PAST


def use_cases(tools: Tools) -> Services:
    """All of them, each with what it needs."""
    settings, database = tools.settings, tools.database
    endpoints = Endpoints(
        database,
        tools.ids,
        tools.dice,
        tools.secret_box,
        tools.dialects,
        tools.courier,
        destinations=settings.destinations,
        shorthand=Shorthand(tools.native.name, revealed(settings.webhook_signing_secret)),
    )
    events = Events(database, tools.ids, tools.dialects, tools.retention)
    ping_redis = tools.limiter.ping if isinstance(tools.limiter, RedisRateLimiter) else None
    payments = Payments(
        database, tools.ids, bank_timeout=timedelta(milliseconds=settings.simulated_timeout_ms)
    )
    teller = Teller(tools.ids)
    customers = Customers(database, tools.ids, teller)
    instruments = Instruments(database, tools.ids, teller)
    payers = Payers(database, customers, instruments, payments)
    balances = Balances(database)
    disputes = Disputes(database, tools.ids, teller, payments)
    payouts = Payouts(database, tools.ids, teller, balances)
    checkout_follower = CheckoutFollower(database, teller)
    intent_follower = IntentFollower(database, teller, disputes, checkout_follower.after_intent)
    intents = Intents(database, tools.ids, teller, payments, intent_follower)
    setups = Setups(database, tools.ids, teller, checkout_follower.after_setup)
    checkouts = Checkouts(database, tools.ids, teller, intents, intent_follower, setups, checkout_follower)
    return Services(
        payments=payments,
        refunds=Refunds(database, tools.ids, teller, payments),
        intents=intents,
        intent_follower=intent_follower,
        customers=customers,
        instruments=instruments,
        payers=payers,
        tries=Tries(database, payers, intents, intent_follower, setups),
        tokens=Tokens(database, tools.ids),
        confirmation_tokens=ConfirmationTokens(database, tools.ids),
        customer_passes=CustomerPasses(database, tools.ids),
        charges=Charges(tools.ids, teller),
        disputes=disputes,
        balances=balances,
        payouts=payouts,
        test_clocks=TestClocks(database, tools.ids, teller),
        catalog=Catalog(database, tools.ids, teller),
        checkouts=checkouts,
        payment_links=PaymentLinks(database, tools.ids, teller, checkouts, tools.limiter),
        due_documents=DueDocuments(
            database, {CheckoutSession: checkouts.due, Dispute: disputes.due, Payout: payouts.due}
        ),
        setups=setups,
        slips=Slips(database, payments, intent_follower),
        merchants=Merchants(database, tools.ids, tools.dice, tools.digests, endpoints),
        endpoints=endpoints,
        events=events,
        recovery=Recovery(database, tools.ids, endpoints, tools.dialects, tools.committed),
        timelines=Timelines(database),
        verification=Verification(endpoints, events, tools.secret_box),
        health=Health(database, tools.clock, SchemaRevisions(HEAD, PAST), ping_redis),
        public_url=settings.public_base_url,
        committed=tools.committed,
    )
