"""What the pretend bank credits and debits for payments, refunds, disputes and payouts, and when.

Source: Stripe, "Pricing" (2.9 % and 30 cents, 15 dollars for a dispute), "Payouts" and "Testing", read
2026-11-20. Of other currencies as many minor units are taken as of dollars, ten times as many where a third
decimal is there for it; what Stripe takes differs by country.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from kessai.domain.currencies import EXPONENTS
from kessai.domain.dispute import Dispute
from kessai.domain.entry import Entry, EntryKind, reversal_id
from kessai.domain.ids import stamp_at, stamp_in
from kessai.domain.instrument import InstrumentType
from kessai.domain.money import Money
from kessai.domain.payment import Payment
from kessai.domain.payout import Payout
from kessai.domain.refund import Refund, RefundStatus
from kessai.simulation.table import SIMULATIONS

RATE_PER_MILLE: Final = 29
HALF_OF_A_MILLE: Final = 500
MILLE: Final = 1_000
_FIXED: Final = 30
_DISPUTE_FEE: Final = 1_500
AVAILABLE_AFTER: Final = timedelta(days=2)
"""How long a payment is pending."""

AT_ONCE: Final = tuple(name for name, row in SIMULATIONS.items() if row.is_available_at_once)
"""The simulations whose payments are available at once."""

TAKEN_BACK: Final = (RefundStatus.FAILED, RefundStatus.CANCELED)
"""How a refund stands whose money is back on the payment."""

Settled = Payment | Refund | Dispute | Payout


def fixed_fee(currency: str) -> int:
    """What is taken of every payment, in minor units."""
    return _of_currency(_FIXED, currency)


def fee_of(amount: Money) -> int:
    """What is taken of a payment, in minor units: a share, rounded half up, and what is taken of all."""
    return (amount.minor * RATE_PER_MILLE + HALF_OF_A_MILLE) // MILLE + fixed_fee(amount.currency)


def dispute_fee(currency: str) -> Money:
    """What a dispute costs until it is won."""
    return Money(_of_currency(_DISPUTE_FEE, currency), currency)


def entries_of(source: Settled, at: datetime) -> Sequence[Entry]:
    """What something has put into the balance and taken out of it, as it is at this moment; oldest first."""
    match source:
        case Payment():
            return _of_payment(source, at)
        case Refund():
            return _of_refund(source)
        case Dispute():
            return _of_dispute(source)
        case Payout():
            return _of_payout(source)


def _of_currency(cents: int, currency: str) -> int:
    return cents * 10 if EXPONENTS[currency] == 3 else cents


def _of_payment(payment: Payment, at: datetime) -> Sequence[Entry]:
    captured_at = payment.captured_at
    if captured_at is None:
        return ()
    instrument = payment.order.instrument
    details = payment.details
    available_at = captured_at if payment.order.simulate in AT_ONCE else captured_at + AVAILABLE_AFTER
    made = Entry(
        id=payment.id,
        kind=EntryKind.PAYMENT,
        source_id=payment.id,
        amount=payment.captured.minor,
        fee=fee_of(payment.captured),
        currency=payment.captured.currency,
        is_card=instrument is None or instrument.type is InstrumentType.CARD,
        description=details.description if details else payment.order.description,
        created_at=captured_at,
        available_at=available_at,
        is_available=available_at <= at,
        stamp=_stamp(payment.id, payment.created_at, captured_at),
    )
    return (made,)


def _of_refund(refund: Refund) -> Sequence[Entry]:
    if refund.is_release:
        return ()
    given = _moved(
        EntryKind.REFUND,
        refund.id,
        refund.amount,
        refund.created_at,
        stamp_in(refund.id),
        is_card=refund.is_to_card,
    )
    if refund.status not in TAKEN_BACK:
        return (given,)
    back = _back(
        EntryKind.REFUND_FAILURE, refund.id, refund.amount, refund.updated_at, is_card=refund.is_to_card
    )
    return given, back


def _of_dispute(dispute: Dispute) -> Sequence[Entry]:
    if dispute.withdrawn_at is None or dispute.withdrawn is None:
        return ()
    stamp = _stamp(dispute.id, dispute.created_at, dispute.withdrawn_at)
    fee = dispute.fee.minor if dispute.fee else 0
    taken = _moved(EntryKind.DISPUTE, dispute.id, dispute.withdrawn, dispute.withdrawn_at, stamp, fee=fee)
    if dispute.reinstated_at is None:
        return (taken,)
    kind = EntryKind.DISPUTE_REVERSAL
    return taken, _back(kind, dispute.id, dispute.withdrawn, dispute.reinstated_at, fee=-fee)


def _of_payout(payout: Payout) -> Sequence[Entry]:
    paid = _moved(EntryKind.PAYOUT, payout.id, payout.amount, payout.created_at, stamp_in(payout.id))
    if payout.canceled_at is None:
        return (paid,)
    return paid, _back(EntryKind.PAYOUT_REVERSAL, payout.id, payout.amount, payout.canceled_at)


def _stamp(source_id: str, made_at: datetime, at: datetime) -> int:
    """Ids are in the order in which things were made; what came of them later is in the order of time."""
    return stamp_in(source_id) if made_at == at else stamp_at(at)


def _moved(
    kind: EntryKind,
    source_id: str,
    amount: Money,
    at: datetime,
    stamp: int,
    *,
    fee: int = 0,
    is_card: bool = True,
) -> Entry:
    """What leaves the balance, at once."""
    return Entry(
        id=source_id,
        kind=kind,
        source_id=source_id,
        amount=-amount.minor,
        fee=fee,
        currency=amount.currency,
        is_card=is_card,
        created_at=at,
        available_at=at,
        is_available=True,
        stamp=stamp,
    )


def _back(
    kind: EntryKind, source_id: str, amount: Money, at: datetime, *, fee: int = 0, is_card: bool = True
) -> Entry:
    """What comes back to it, at once."""
    return Entry(
        id=reversal_id(source_id),
        kind=kind,
        source_id=source_id,
        amount=amount.minor,
        fee=fee,
        currency=amount.currency,
        is_card=is_card,
        created_at=at,
        available_at=at,
        is_available=True,
        stamp=stamp_at(at),
    )
