"""Who wants to hear of events, where, and under which secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from kessai.domain.ids import EndpointId, MerchantId

EVERY_EVENT: Final = "*"
GIVES_UP_AFTER: Final = timedelta(days=5)
"""An endpoint whose deliveries were all exhausted for so long is disabled."""
ENDPOINTS_MAX: Final = 50
"""Endpoints of one merchant: each event is rendered and sent once for each."""

SAID_GONE: Final = "the endpoint answered 410 Gone"
GAVE_UP: Final = f"every delivery failed for {GIVES_UP_AFTER.days} days"
SWITCHED_OFF: Final = "switched off by its owner"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What one endpoint made of some deliveries: whether one arrived, one was given up, one said 410."""

    succeeded: bool
    exhausted: bool
    gone: bool

    def __or__(self, other: Hearing) -> Hearing:
        """Both together."""
        return Hearing(
            succeeded=self.succeeded or other.succeeded,
            exhausted=self.exhausted or other.exhausted,
            gone=self.gone or other.gone,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A receiver. Secrets are sealed; the previous one also signs until `previous_expires_at`.

    `failing_since` is the first exhausted delivery after the last success.
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
        self, *, url: str, events: Sequence[str], description: str | None, is_enabled: bool, at: datetime
    ) -> Endpoint:
        """As its owner wants it now. Switched on again it has a clean slate; what was canceled stays so."""
        failing_since = self.failing_since if self.is_enabled else None
        return replace(
            self,
            url=url,
            events=tuple(events),
            description=description,
            is_enabled=is_enabled,
            disabled_reason=None if is_enabled else self.disabled_reason or SWITCHED_OFF,
            failing_since=failing_since,
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

    def after(self, hearing: Hearing, *, at: datetime) -> Endpoint:
        """What follows for the endpoint; itself when nothing does.

        A 410 disables it at once, and so does an exhausted delivery when there was none but those for
        GIVES_UP_AFTER.
        """
        if not self.takes_deliveries:
            return self
        if hearing.gone:
            return self.disabled(SAID_GONE, at=at)
        if hearing.succeeded:
            return self._failing_since(None, at=at)
        if not hearing.exhausted:
            return self
        since = self.failing_since or at
        return (
            self.disabled(GAVE_UP, at=at)
            if at - since >= GIVES_UP_AFTER
            else self._failing_since(since, at=at)
        )

    def _failing_since(self, since: datetime | None, *, at: datetime) -> Endpoint:
        if since == self.failing_since:
            return self
        return replace(self, failing_since=since, updated_at=at, version=self.version + 1)
