"""Payment links: how many of their sessions may be completed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kessai.domain.errors import TransitionNotAllowedError
from kessai.domain.ids import MerchantId
from kessai.domain.payment_link import PaymentLink
from tests.support.manual_clock import START

ID = "0199d3c2-5f00-7000-8000-000000000001"
LATER = START + timedelta(hours=1)


def link(**facts: Any) -> PaymentLink:
    """One that sells nothing yet."""
    return PaymentLink(
        id=ID,
        merchant_id=MerchantId(ID),
        created_at=START,
        updated_at=START,
        currency="USD",
        lines=(),
        metadata={},
        details={},
        **facts,
    )


def test_the_last_session_that_may_be_completed_switches_it_off() -> None:
    once = link(completed_max=2).counted(at=LATER)
    assert (once.completed, once.is_active, once.version, once.updated_at) == (1, True, 2, LATER)
    twice = once.counted(at=LATER)
    assert (twice.completed, twice.is_active, twice.is_used_up) == (2, False, True)
    with pytest.raises(TransitionNotAllowedError):
        twice.counted(at=LATER)


def test_one_that_is_used_up_cannot_be_active() -> None:
    used_up = link(completed_max=1, completed=1, is_active=False)
    assert used_up.changed({"is_active": True}, at=LATER).is_active is False
    for limit in (2, None):
        assert used_up.changed({"is_active": True, "completed_max": limit}, at=LATER).is_active is True


def test_without_a_limit_it_is_never_used_up() -> None:
    assert link(completed=10**9).is_used_up is False
