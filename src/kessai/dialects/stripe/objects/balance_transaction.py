"""Entries as the Stripe API shows them: balance transactions."""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.amounts import in_units
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.entry import Entry, EntryKind
from kessai.domain.values import value as a_value


@a_value(frozen=True, slots=True)
class _Words:
    """What the API calls a kind of entry, and how the id of its source begins."""

    type: str
    category: str
    prefix: str
    description: str | None = None


_CARD: Final = {
    EntryKind.PAYMENT: _Words("charge", "charge", "ch"),
    EntryKind.REFUND: _Words("refund", "refund", "re", "Refund of a charge"),
    EntryKind.REFUND_FAILURE: _Words("refund_failure", "refund_failure", "re", "Refund that failed"),
    EntryKind.DISPUTE: _Words("adjustment", "dispute", "du", "Withdrawn for a dispute"),
    EntryKind.DISPUTE_REVERSAL: _Words("adjustment", "dispute_reversal", "du", "Given back: dispute won"),
    EntryKind.PAYOUT: _Words("payout", "payout", "po", "Payout"),
    EntryKind.PAYOUT_REVERSAL: _Words("payout_cancel", "payout_reversal", "po", "Payout that was canceled"),
}
_OTHER: Final = {
    **_CARD,
    EntryKind.PAYMENT: _Words("payment", "charge", "py"),
    EntryKind.REFUND: _Words("payment_refund", "refund", "pyr", "Refund of a payment"),
    EntryKind.REFUND_FAILURE: _Words("refund_failure", "refund_failure", "pyr", "Refund that failed"),
}

TYPES: Final = frozenset(words.type for words in (*_CARD.values(), *_OTHER.values()))
"""The types that there are here, of the many that the API has."""


def type_of(value: Entry) -> str:
    """What the API calls this kind of entry."""
    return _words(value).type


def balance_transaction(value: Entry, _public_url: str = "") -> Object:
    """A balance transaction."""
    words, currency = _words(value), value.currency
    fee, amount = (_signed(each, currency) for each in (value.fee, value.amount))
    return {
        "id": encode("txn", value.id),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": seconds(value.available_at),
        "balance_type": "payments",
        "created": seconds(value.created_at),
        "currency": currency.lower(),
        "description": value.description or words.description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [_fee(value, fee)] if fee else [],
        "net": amount - fee,
        "reporting_category": words.category,
        "source": encode(words.prefix, value.source_id),
        "status": "available" if value.is_available else "pending",
        "type": words.type,
    }


def _words(value: Entry) -> _Words:
    return (_CARD if value.is_card else _OTHER)[value.kind]


def _signed(minor: int, currency: str) -> int:
    return in_units(abs(minor), currency) * (1 if minor >= 0 else -1)


def _fee(value: Entry, fee: int) -> Object:
    is_dispute = value.kind in (EntryKind.DISPUTE, EntryKind.DISPUTE_REVERSAL)
    return {
        "amount": fee,
        "application": None,
        "currency": value.currency.lower(),
        "description": "Dispute fee" if is_dispute else "Stripe processing fees",
        "type": "stripe_fee",
    }
