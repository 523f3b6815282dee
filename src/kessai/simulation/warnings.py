"""Payments that their issuers warn of.

Source: Stripe, "Testing", early fraud warnings, read 2026-11-20.
"""

from __future__ import annotations

from kessai.domain.payment import Payment
from kessai.simulation.instruments import by_name


def is_warned_of(payment: Payment) -> bool:
    """Whether there is a warning of a payment."""
    instrument = payment.details.instrument if payment.details else None
    row = by_name(instrument.card.published) if instrument and instrument.card else None
    return row is not None and row.early_fraud_warning and bool(payment.captured)
