"""Who wants to hear of events, where, and under which secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from kessai.domain.ids import EndpointId, MerchantId
from kessai.domain.schedules import NATIVE, Schedule
from kessai.domain.values import value

EVERY_EVENT: Final = "*"
GIVES_UP_AFTER: Final = timedelta(days=5)
"""An endpoint whose deliveries were all exhausted for so long is disabled."""
FAILURES_BEFORE_REST: Final = 10
"""Failed attempts in a row, whatever they were to deliver, after which attempts are spaced."""
REST_FIRST: Final = timedelta(seconds=1)
REST_MAX: Final = timedelta(minutes=1)
"""A rest doubles with each further failure, up to this or the first delay of the endpoint's schedule."""
ENDPOINTS_MAX: Final = 50
"""Endpoints of one merchant: each event is rendered and sent once for each."""

SAID_GONE: Final = "the endpoint answered 410 Gone"
GAVE_UP: Final = f"every delivery failed for {GIVES_UP_AFTER.days} days"
SWITCHED_OFF: Final = "switched off by its owner"


@value(frozen=True, slots=True)
class Hearing:
    """What one endpoint made of some attempts: whether one arrived, one was the last, one said 410.

    `failed` counts those that failed.
    """

    succeeded: bool
    exhausted: bool
    gone: bool
    failed: int

    def __or__(self, other: Hearing) -> Hearing:
        """Both together."""
        return Hearing(
            succeeded=self.succeeded or other.succeeded,
            exhausted=self.exhausted or other.exhausted,
            gone=self.gone or other.gone,
            failed=self.failed + other.failed,
        )


@value(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A receiver. Secrets are sealed; the previous one also signs until `previous_expires_at`.

    `failing_since` is the first exhausted delivery after the last success. `failures` counts the failed
    attempts since then, and while there are many, none is made before `rests_until`. `schedule` is the name
    of its retry schedule. `details` are what its dialect was told of it and shows again, which no rule
    looks at.
    """

    id: EndpointId
    merchant_id: MerchantId
    url: str
    events: tuple[str, ...]
    description: str | None
    dialect: str
    is_enabled: bool
    disabled_reason: str | None
    sealed_secret: str
    previous_sealed_secret: str | None
    previous_expires_at: datetime | None
    failing_since: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int = 1
    schedule: str = NATIVE
    verifies_tls: bool = True
    failures: int = 0
    rests_until: datetime | None = None
    details: Mapping[str, Any] | None = None

    @property
    def takes_deliveries(self) -> bool:
        """Neither switched off nor deleted."""
        return self.is_enabled and self.deleted_at is None

    def hears(self, event_type: str) -> bool:
        """Whether an event of this type goes there."""
        return self.takes_deliveries and (EVERY_EVENT in self.events or event_type in self.events)

    def sealed_secrets(self, at: datetime) -> tuple[str, ...]:
        """The secrets that sign now, newest first."""
        if self.previous_sealed_secret and self.previous_expires_at and at < self.previous_expires_at:
            return (self.sealed_secret, self.previous_sealed_secret)
        return (self.sealed_secret,)

    def described(
        self,
        *,
        url: str,
        events: Sequence[str],
        description: str | None,
        schedule: str,
        is_enabled: bool,
        at: datetime,
    ) -> Endpoint:
        """As its owner wants it; moved or switched on again, with a clean slate; canceled stays so."""
        is_same = self.is_enabled and url == self.url
        return replace(
            self,
            url=url,
            events=tuple(events),
            description=description,
            schedule=schedule,
            is_enabled=is_enabled,
            disabled_reason=None if is_enabled else self.disabled_reason or SWITCHED_OFF,
            failing_since=self.failing_since if is_same else None,
            failures=self.failures if is_same else 0,
            rests_until=self.rests_until if is_same else None,
            updated_at=at,
            version=self.version + 1,
        )

    def disabled(self, reason: str, *, at: datetime) -> Endpoint:
        """Switched off, with the reason shown to its owner."""
        return replace(
            self, is_enabled=False, disabled_reason=reason, updated_at=at, version=self.version + 1
        )

    def deleted(self, *, at: datetime) -> Endpoint:
        """Gone for its owner; the row stays, for the deliveries that name it."""
        return replace(self, deleted_at=at, updated_at=at, version=self.version + 1)

    def rekeyed(self, sealed_secret: str, *, grace: timedelta, at: datetime) -> Endpoint:
        """Signing with a new secret, and with the present one beside it while `grace` lasts."""
        return replace(
            self,
            sealed_secret=sealed_secret,
            previous_sealed_secret=self.sealed_secret if grace else None,
            previous_expires_at=at + grace if grace else None,
            updated_at=at,
            version=self.version + 1,
        )

    def after(self, hearing: Hearing, schedule: Schedule, *, at: datetime) -> Endpoint:
        """What follows for the endpoint; itself when nothing does.

        A 410 disables it at once, and so does an exhausted delivery when there was none but those for
        GIVES_UP_AFTER. Many failures in a row make it rest, each one longer than the last.
        """
        if not self.takes_deliveries:
            return self
        if hearing.gone:
            return self.disabled(SAID_GONE, at=at)
        if hearing.succeeded:
            return self._with(failing_since=None, failures=0, rests_until=None, at=at)
        failures = self.failures + hearing.failed
        since = (self.failing_since or at) if hearing.exhausted else self.failing_since
        if hearing.exhausted and since is not None and at - since >= GIVES_UP_AFTER:
            return self.disabled(GAVE_UP, at=at)
        rest = _rest(failures, schedule)
        return self._with(
            failing_since=since, failures=failures, rests_until=at + rest if rest else None, at=at
        )

    def _with(
        self,
        *,
        failing_since: datetime | None,
        failures: int,
        rests_until: datetime | None,
        at: datetime,
    ) -> Endpoint:
        if (failing_since, failures, rests_until) == (self.failing_since, self.failures, self.rests_until):
            return self
        return replace(
            self,
            failing_since=failing_since,
            failures=failures,
            rests_until=rests_until,
            updated_at=at,
            version=self.version + 1,
        )


def _rest(failures: int, schedule: Schedule) -> timedelta:
    """How long to leave an endpoint alone after so many failures in a row.

    Never longer than the first delay of its schedule: a test with quick retries is not slowed down.
    """
    further = failures - FAILURES_BEFORE_REST
    if further < 0 or not schedule.delays:
        return timedelta(0)
    # The exponent is bounded: failures are counted for days.
    doubled: timedelta = REST_FIRST * 2 ** min(further, 10)
    return min(doubled, schedule.delays[0], REST_MAX)
