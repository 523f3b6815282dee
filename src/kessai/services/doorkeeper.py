"""Who is at the door: a secret key to its merchant, by digest, remembered for less than a second."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from kessai.domain.errors import AuthenticationFailedError, LiveKeyRefusedError, MerchantInactiveError
from kessai.domain.ids import KeyId
from kessai.domain.merchant import ApiKey, Merchant
from kessai.services.ports import Clock
from kessai.services.secrets import WELL_KNOWN_KEY
from kessai.storage.journal import Database
from kessai.storage.repositories.merchants import MerchantRepository

REMEMBERED_S: Final = 0.8
"""A revoked key is refused by every process within a second: this, and some time to look it up."""
_REMEMBERED_MAX: Final = 10_000
_KEY_LENGTH_MAX: Final = 200


class KeyDigests:
    """HMAC-SHA256 under `API_SECRET_KEY`: a stolen database opens no door."""

    def __init__(self, api_secret_key: str) -> None:
        self._keyed = hmac.new(api_secret_key.encode(), digestmod=sha256)

    def digest(self, secret_key: str) -> str:
        """The digest a key is kept as, in lower-case hex."""
        keyed = self._keyed.copy()
        keyed.update(secret_key.encode("utf-8", "surrogatepass"))
        return keyed.hexdigest()


@dataclass(frozen=True, slots=True)
class _Known:
    key: ApiKey
    merchant: Merchant
    until: float


class Doorkeeper:
    """Admits merchants, and notes which keys were used."""

    def __init__(self, database: Database, digests: KeyDigests, clock: Clock) -> None:
        self._merchants = MerchantRepository(database)
        self._digests = digests
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._used: dict[KeyId, datetime] = {}
        self._changes = 0

    async def admit(
        self, secret_key: str | None, at: datetime, *, is_local: bool = True
    ) -> tuple[ApiKey, Merchant]:
        """The key and merchant behind a secret key. `is_local`: the request came from this machine.

        Raises:
            AuthenticationFailedError: none, malformed, unknown, revoked or expired: told apart by nobody.
            LiveKeyRefusedError: it looks as if it could move money.
            MerchantInactiveError: the merchant has been switched off.
        """
        if secret_key is None:
            raise AuthenticationFailedError(
                "no secret key was sent", hint="add the header Authorization: Bearer sk_test_…"
            )
        _refuse_other_kinds(secret_key)
        if secret_key == WELL_KNOWN_KEY and not is_local:
            raise AuthenticationFailedError(
                f"{WELL_KNOWN_KEY} works on loopback only: everybody knows it",
                hint="make another key with `kessai keys create`",
            )
        digest = self._digests.digest(secret_key)
        key, merchant = await self._look_up(digest)
        if not key.opens_with(digest, at):
            raise _unknown()
        if not merchant.is_active:
            raise MerchantInactiveError
        self._used[key.id] = at
        return key, merchant

    def forget(self) -> None:
        """A key or merchant has changed in this process: look everything up anew."""
        self._known.clear()
        self._changes += 1

    async def note_uses(self) -> None:
        """Write down when keys were last used; now and then, not at each request."""
        used, self._used = self._used, {}
        if used:
            await self._merchants.note_use(used)

    async def _look_up(self, digest: str) -> tuple[ApiKey, Merchant]:
        known = self._known.get(digest)
        if known is not None and self._clock.monotonic() < known.until:
            return known.key, known.merchant
        # Timed from before the look-up: what it found may have been revoked while it was on its way.
        until, changes = self._clock.monotonic() + REMEMBERED_S, self._changes
        found = await self._merchants.by_digest(digest)
        if found is None:
            self._known.pop(digest, None)
            raise _unknown()
        if changes == self._changes:
            self._remember(digest, _Known(*found, until))
        return found

    def _remember(self, digest: str, known: _Known) -> None:
        self._known[digest] = known
        if len(self._known) > _REMEMBERED_MAX:
            self._known.popitem(last=False)


def _refuse_other_kinds(secret_key: str) -> None:
    if secret_key.startswith(("sk_live_", "pk_live_", "rk_live_", "rzp_live_")):
        raise LiveKeyRefusedError
    if secret_key.startswith("pk_"):
        raise AuthenticationFailedError(
            "this is a public key; it identifies and opens nothing", hint="use the secret key, sk_test_…"
        )
    if not secret_key or len(secret_key) > _KEY_LENGTH_MAX:
        raise AuthenticationFailedError("this is not a secret key", hint="a secret key looks like sk_test_…")


def _unknown() -> AuthenticationFailedError:
    return AuthenticationFailedError(
        "unknown, revoked or expired key",
        hint="kessai prints its key at start; `kessai keys create` makes one",
    )
