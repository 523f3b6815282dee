"""What becomes of a checkout session as its intent moves, whatever moved that."""

from __future__ import annotations

import pytest

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.domain.catalog import Price
from kessai.domain.checkout import CheckoutLine, CheckoutPayment, CheckoutSession, CheckoutStatus
from kessai.domain.event import EventType
from kessai.domain.ids import MerchantId
from kessai.domain.intent import Intent, IntentStatus
from kessai.domain.money import zero
from kessai.domain.payment import CaptureMethod
from kessai.services.checkout_following import CheckoutFollower
from kessai.services.telling import Teller
from tests.support.manual_clock import START
from tests.unit.services.doubles import FakeDatabase

MINE = MerchantId("0199d3c2-5f00-7000-8000-000000000001")
ID = "0199d3c2-5f00-7000-8000-000000000002"
OPEN, COMPLETE = CheckoutStatus.OPEN, CheckoutStatus.COMPLETE
PAID, UNPAID = CheckoutPayment.PAID, CheckoutPayment.UNPAID


def session(status: CheckoutStatus) -> CheckoutSession:
    """One for two of something at half a cent."""
    price = Price(
        id=ID,
        merchant_id=MINE,
        created_at=START,
        updated_at=START,
        product_id=ID,
        currency="USD",
        amount="0.5",
        metadata={},
        details={},
    )
    return CheckoutSession(
        id=ID,
        merchant_id=MINE,
        created_at=START,
        updated_at=START,
        status=status,
        payment_status=UNPAID,
        currency="USD",
        lines=(CheckoutLine(id=ID, name="Tea", price=price, quantity=2, metadata={}),),
        expires_at=START,
        success_url="https://shop.example",
        metadata={},
        details={},
    )


def intent(status: IntentStatus) -> Intent:
    """What the session is paid by."""
    total = session(OPEN).total
    return Intent(
        id=ID,
        merchant_id=MINE,
        created_at=START,
        updated_at=START,
        amount=total,
        capture_method=CaptureMethod.AUTOMATIC,
        status=status,
        captured=zero(total.currency),
        metadata={},
        details={},
    )


@pytest.mark.parametrize(
    ("before", "was", "now", "after", "told"),
    [
        (OPEN, None, "SUCCEEDED", (COMPLETE, PAID), EventType.CHECKOUT_COMPLETED),
        (OPEN, None, "AUTHORIZED", (COMPLETE, UNPAID), EventType.CHECKOUT_COMPLETED),
        (OPEN, "REQUIRES_ACTION", "PROCESSING", (COMPLETE, UNPAID), EventType.CHECKOUT_COMPLETED),
        (OPEN, None, "REQUIRES_ACTION", None, None),
        (OPEN, "REQUIRES_ACTION", "REQUIRES_INSTRUMENT", None, None),
        (COMPLETE, "PROCESSING", "SUCCEEDED", (COMPLETE, PAID), EventType.CHECKOUT_PAID_LATER),
        (COMPLETE, "PROCESSING", "REQUIRES_INSTRUMENT", (COMPLETE, UNPAID), EventType.CHECKOUT_FAILED_LATER),
        (COMPLETE, "AUTHORIZED", "SUCCEEDED", (COMPLETE, PAID), None),
        (COMPLETE, "AUTHORIZED", "CANCELED", None, None),
    ],
)
async def test_a_session_follows_its_intent(
    before: CheckoutStatus,
    was: str | None,
    now: str,
    after: tuple[CheckoutStatus, CheckoutPayment] | None,
    told: EventType | None,
) -> None:
    follower = CheckoutFollower(FakeDatabase(), Teller(UuidFactory(SeededDice(1))))
    _, change = await follower.moved(
        session(before), IntentStatus(was) if was else None, intent(IntentStatus(now)), START
    )
    found = [
        (each.status, each.payment_status) for each in change.records if isinstance(each, CheckoutSession)
    ]
    assert found == ([] if after is None else [after])
    assert [each.type for each in change.events] == ([] if told is None else [told])


def test_decimals_add_up_before_they_are_rounded() -> None:
    assert session(OPEN).total.minor == 1
