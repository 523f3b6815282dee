"""A setup: what is allowed from where, and where its tries leave it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kessai.domain.errors import TransitionNotAllowedError
from kessai.domain.failure import Failure
from kessai.domain.ids import MerchantId
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.setup import (
    AFTER,
    ALLOWED,
    Setup,
    SetupAction,
    SetupAttempt,
    SetupAttemptStatus,
    SetupStatus,
)

START = datetime(2026, 1, 31, tzinfo=UTC)
LATER = START + timedelta(hours=1)
WRITTEN: dict[str, Any] = {"merchant_id": MerchantId("m"), "created_at": START, "updated_at": START}
INSTRUMENT = SavedInstrument(id="i", type="card", billing={}, metadata={}, details={}, **WRITTEN)
DECLINE = Failure(code="card_declined", message="no")


def setup_in(status: SetupStatus, **facts: Any) -> Setup:
    return Setup(id="s", status=status, usage="off_session", metadata={}, details={}, **WRITTEN, **facts)


def attempt_in(status: SetupAttemptStatus, **facts: Any) -> SetupAttempt:
    return SetupAttempt(
        id="a", setup_id="s", status=status, instrument=INSTRUMENT, usage="off_session", **WRITTEN, **facts
    )


@pytest.mark.parametrize("status", SetupStatus)
@pytest.mark.parametrize("action", SetupAction)
def test_only_what_the_table_has_may_be_asked(action: SetupAction, status: SetupStatus) -> None:
    setup = setup_in(status)
    if status in ALLOWED[action]:
        setup.require(action)
        return
    with pytest.raises(TransitionNotAllowedError) as refusal:
        setup.require(action)
    assert action.value not in refusal.value.allowed


def test_what_is_over_moves_no_more() -> None:
    assert all(SetupStatus.CANCELED not in froms for froms in ALLOWED.values())
    moving = {action for action, froms in ALLOWED.items() if SetupStatus.SUCCEEDED in froms}
    assert moving == {SetupAction.UPDATE}


@pytest.mark.parametrize("status", AFTER)
def test_the_latest_try_says_where_it_stands(status: SetupAttemptStatus) -> None:
    setup = setup_in(SetupStatus.REQUIRES_CONFIRMATION, instrument_id="i")
    error = DECLINE if status is SetupAttemptStatus.FAILED else None

    after = setup.after(attempt_in(status, error=error), at=LATER)

    assert (after.status, after.error, after.attempt_id, after.version) == (AFTER[status], error, "a", 1)
    assert after.instrument_id == (None if error else "i")


def test_another_instrument_makes_it_ready_to_confirm() -> None:
    ready = setup_in(SetupStatus.REQUIRES_ACTION).with_instrument(INSTRUMENT)
    assert (ready.status, ready.instrument_id) == (SetupStatus.REQUIRES_CONFIRMATION, "i")
    with pytest.raises(TransitionNotAllowedError):
        setup_in(SetupStatus.SUCCEEDED).with_instrument(INSTRUMENT)


def test_giving_up_keeps_why() -> None:
    canceled = setup_in(SetupStatus.REQUIRES_ACTION, error=DECLINE).canceled("abandoned", at=LATER)
    assert (canceled.status, canceled.cancellation_reason) == (SetupStatus.CANCELED, "abandoned")
    assert (canceled.canceled_at, canceled.version, canceled.error) == (LATER, 2, DECLINE)
    with pytest.raises(TransitionNotAllowedError):
        canceled.canceled(None, at=LATER)


def test_a_try_is_settled_once() -> None:
    asked = attempt_in(SetupAttemptStatus.REQUIRES_ACTION)
    assert asked.settled(None, at=LATER).status is SetupAttemptStatus.SUCCEEDED
    failed = asked.settled(DECLINE, at=LATER)
    assert (failed.status, failed.error, failed.version) == (SetupAttemptStatus.FAILED, DECLINE, 2)
    abandoned = asked.abandoned(at=START - timedelta(days=1))
    assert (abandoned.status, abandoned.updated_at) == (SetupAttemptStatus.ABANDONED, START)
    for over in (failed, abandoned):
        with pytest.raises(TransitionNotAllowedError):
            over.settled(None, at=LATER)


def test_setting_up_makes_an_instrument_its_customers_unless_it_is_anothers() -> None:
    mine = INSTRUMENT.set_up("c", at=LATER)
    assert (mine.customer_id, mine.is_set_up, mine.version) == ("c", True, 2)
    assert mine.set_up("d", at=LATER).customer_id == "c"
    assert INSTRUMENT.set_up(None, at=LATER).customer_id is None
