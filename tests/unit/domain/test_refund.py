"""A refund tells what was given back and where its payment stood then."""

from __future__ import annotations

from kessai.domain.ids import RefundId
from kessai.domain.payment import new_refund
from kessai.domain.refund import RefundStatus
from kessai.domain.transitions import Status
from tests.support.ledger import DAY, START, Ledger, rupees


def test_a_part_leaves_the_payment_captured() -> None:
    ledger = Ledger()
    payment, given = ledger.captured().refund(rupees(4_000), at=START + DAY)

    refund = new_refund(RefundId("r"), payment, given, "too late", at=START + DAY)

    assert (refund.amount, refund.status) == (rupees(4_000), RefundStatus.PROCESSED)
    assert (refund.payment_id, refund.merchant_id) == (payment.id, ledger.merchant.id)
    assert refund.payment_status is Status.CAPTURED
    assert (refund.reason, refund.created_at, refund.due_at) == ("too late", START + DAY, None)


def test_the_rest_leaves_it_refunded() -> None:
    payment, _ = Ledger().captured().refund(rupees(4_000), at=START)
    payment, given = payment.refund(None, at=START + DAY)

    refund = new_refund(RefundId("r"), payment, given, None, at=START + DAY)

    assert refund.amount == rupees(6_000)
    assert refund.payment_status is Status.REFUNDED
