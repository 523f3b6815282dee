"""A setup: an instrument made ready for payments to come, over as many tries as it takes. No money moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final

from kessai.domain.document import Document
from kessai.domain.errors import TransitionNotAllowedError
from kessai.domain.failure import Failure
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.values import value


class SetupStatus(StrEnum):
    """What a setup waits for, until it is SUCCEEDED or CANCELED."""

    REQUIRES_INSTRUMENT = "REQUIRES_INSTRUMENT"
    REQUIRES_CONFIRMATION = "REQUIRES_CONFIRMATION"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    CANCELED = "CANCELED"


class SetupAction(StrEnum):
    """What may be asked of a setup. `REPLACE`: another instrument, or customer. The payer authenticates."""

    UPDATE = "update"
    REPLACE = "replace"
    CONFIRM = "confirm"
    AUTHENTICATE = "authenticate"
    CANCEL = "cancel"


_WAITING: Final = frozenset(
    {SetupStatus.REQUIRES_INSTRUMENT, SetupStatus.REQUIRES_CONFIRMATION, SetupStatus.REQUIRES_ACTION}
)

ALLOWED: Final[Mapping[SetupAction, frozenset[SetupStatus]]] = MappingProxyType(
    {
        SetupAction.UPDATE: frozenset(SetupStatus) - {SetupStatus.CANCELED},
        SetupAction.REPLACE: _WAITING,
        SetupAction.CONFIRM: _WAITING,
        SetupAction.AUTHENTICATE: frozenset({SetupStatus.REQUIRES_ACTION}),
        SetupAction.CANCEL: _WAITING,
    }
)
"""From where each may be asked."""
_MOVES: Final = (SetupAction.CONFIRM, SetupAction.CANCEL)


class SetupAttemptStatus(StrEnum):
    """Where a try stands. `ABANDONED`: its payer was still asked when another try began, or none."""

    REQUIRES_ACTION = "REQUIRES_ACTION"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ABANDONED = "ABANDONED"


AFTER: Final[Mapping[SetupAttemptStatus, SetupStatus]] = MappingProxyType(
    {
        SetupAttemptStatus.REQUIRES_ACTION: SetupStatus.REQUIRES_ACTION,
        SetupAttemptStatus.PROCESSING: SetupStatus.PROCESSING,
        SetupAttemptStatus.SUCCEEDED: SetupStatus.SUCCEEDED,
        SetupAttemptStatus.FAILED: SetupStatus.REQUIRES_INSTRUMENT,
    }
)
"""Where a setup stands by where its latest try does; one that was abandoned moves nothing."""


@value(frozen=True, slots=True, kw_only=True)
class SetupAttempt(Document):
    """One try of a setup, with the instrument as it was then.

    `is_challenged`: its payer was asked to prove who they are. `error` is why it failed. `usage` is what the
    instrument is to be good for, in a dialect's word.
    """

    kind: ClassVar[str] = "setup_attempt"

    setup_id: str
    status: SetupAttemptStatus
    instrument: SavedInstrument
    customer_id: str | None = None
    usage: str
    is_challenged: bool = False
    error: Failure | None = None

    @property
    def owner_id(self) -> str | None:
        return self.setup_id

    def settled(self, error: Failure | None, *, at: datetime) -> SetupAttempt:
        """The next version: it succeeded, or failed for that reason."""
        status = SetupAttemptStatus.SUCCEEDED if error is None else SetupAttemptStatus.FAILED
        return self._moved(status, error, at)

    def abandoned(self, *, at: datetime) -> SetupAttempt:
        """The next version: nobody waits for its payer any more."""
        return self._moved(SetupAttemptStatus.ABANDONED, None, at)

    def _moved(self, status: SetupAttemptStatus, error: Failure | None, at: datetime) -> SetupAttempt:
        if self.status is not SetupAttemptStatus.REQUIRES_ACTION:
            raise TransitionNotAllowedError(action="settle", status=self.status.value, allowed=[])
        return replace(
            self, status=status, error=error, updated_at=max(at, self.updated_at), version=self.version + 1
        )


@value(frozen=True, slots=True, kw_only=True)
class Setup(Document):
    """What a merchant wants to be set up. `attempt_id` is the latest try, `error` why it failed.

    `checkout_id` is the session whose payer it is for.

    `details` are what a dialect was told of it and shows again, which no rule looks at.
    """

    kind: ClassVar[str] = "setup"

    status: SetupStatus
    usage: str
    customer_id: str | None = None
    instrument_id: str | None = None
    instrument_form: str = "instrument"
    attempt_id: str | None = None
    checkout_id: str | None = None
    description: str | None = None
    error: Failure | None = None
    canceled_at: datetime | None = None
    cancellation_reason: str | None = None
    metadata: Mapping[str, str]
    details: Mapping[str, Any]

    @property
    def owner_id(self) -> str | None:
        return self.customer_id

    def require(self, action: SetupAction) -> None:
        """Raise TransitionNotAllowedError unless this may be asked of it now."""
        if self.status not in ALLOWED[action]:
            raise TransitionNotAllowedError(
                action=action.value,
                status=self.status.value,
                allowed=[each.value for each in _MOVES if self.status in ALLOWED[each]],
                subject="a setup",
            )

    def with_instrument(self, instrument: SavedInstrument) -> Setup:
        """The same version, ready to be confirmed with this instrument."""
        self.require(SetupAction.REPLACE)
        return replace(
            self,
            instrument_id=instrument.id,
            instrument_form=instrument.form,
            status=SetupStatus.REQUIRES_CONFIRMATION,
        )

    def after(self, attempt: SetupAttempt, *, at: datetime) -> Setup:
        """As it stands once its latest try stands like this. A version of it that is new stays the first."""
        status = AFTER[attempt.status]
        has_failed = status is SetupStatus.REQUIRES_INSTRUMENT
        return replace(
            self,
            status=status,
            attempt_id=attempt.id,
            error=attempt.error if has_failed else None,
            instrument_id=None if has_failed else attempt.instrument.id,
            instrument_form=attempt.instrument.form,
            updated_at=max(at, self.updated_at),
        )

    def canceled(self, reason: str | None, *, at: datetime) -> Setup:
        """The next version, given up."""
        self.require(SetupAction.CANCEL)
        return self.saved_again(
            at=at, status=SetupStatus.CANCELED, canceled_at=at, cancellation_reason=reason
        )
