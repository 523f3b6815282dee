"""Every kind of document there is, by the name it is kept under."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kessai.domain.catalog import Price, Product, ShippingRate
from kessai.domain.checkout import CheckoutSession
from kessai.domain.confirmation_token import ConfirmationToken
from kessai.domain.customer import Customer
from kessai.domain.customer_pass import CustomerPass
from kessai.domain.dispute import Dispute
from kessai.domain.document import Document
from kessai.domain.intent import Intent
from kessai.domain.payment_link import PaymentLink
from kessai.domain.payout import Payout
from kessai.domain.payout_register import PayoutRegister
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.setup import Setup, SetupAttempt
from kessai.domain.test_clock import TestClock
from kessai.domain.token import Token

DOCUMENTS: Final[Mapping[str, type[Document]]] = MappingProxyType(
    {
        each.kind: each
        for each in (
            *(CheckoutSession, ConfirmationToken, Customer, CustomerPass, Dispute, Intent),
            *(PaymentLink, Payout, PayoutRegister, Price, Product, SavedInstrument, Setup),
            *(SetupAttempt, ShippingRate, TestClock, Token),
        )
    }
)
"""Name to class. To add a kind is to add its class here."""
