"""Who is at the door: a secret key to its merchant, by digest, remembered for less than a second."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, TypeVar

from kessai.domain.errors import (
    AuthenticationFailedError,
    LiveKeyRefusedError,
    MerchantInactiveError,
    UnknownKeyError,
)
from kessai.domain.ids import KeyId
from kessai.domain.merchant import ApiKey, Merchant
from kessai.services.ports import Clock
from kessai.services.secrets import WELL_KNOWN_KEY, WELL_KNOWN_PUBLIC_KEY
from kessai.storage.journal import Database
from kessai.storage.repositories.merchants import MerchantRepository, MovedDigest

REMEMBERED_S: Final = 0.8
"""A revoked key is refused by every process within a second: this, and some time to look it up.

A key that was refused is refused for as long without looking again: who keeps trying costs little.
"""
_REMEMBERED_MAX: Final = 10_000
_REFUSED_MAX: Final = 1_000
_KEY_LENGTH_MAX: Final = 200
T = TypeVar("T")
_MARK: Final = b"kessai digest mark v1"
_MARK_LENGTH: Final = 16


class KeyDigests:
    """HMAC-SHA256 under `API_SECRET_KEY`: a stolen database opens no door.

    `mark` tells the API_SECRET_KEY in force from others, and nothing more of it. Digests that were made
    under `previous` ones are still found.
    """

    def __init__(self, api_secret_key: str, *previous: str) -> None:
        self._keyed, *self._previous = (
            hmac.new(each.encode(), digestmod=sha256) for each in (api_secret_key, *previous)
        )
        self.mark: Final = _finished(self._keyed, _MARK)[:_MARK_LENGTH]

    def digest(self, secret_key: str) -> str:
        """The digest a key is kept as, in lower-case hex."""
        return _finished(self._keyed, secret_key.encode("utf-8", "surrogatepass"))

    def earlier(self, secret_key: str) -> Iterator[str]:
        """The digests it may have been kept as before."""
        return (_finished(each, secret_key.encode("utf-8", "surrogatepass")) for each in self._previous)


def _finished(keyed: hmac.HMAC, text: bytes) -> str:
    begun = keyed.copy()
    begun.update(text)
    return begun.hexdigest()


@dataclass(frozen=True, slots=True)
class _Known:
    """A key as it was found by `digest`, and its merchant.

    `moves` when the digest is to be kept anew, under the present API_SECRET_KEY.
    """

    key: ApiKey
    merchant: Merchant
    digest: str
    until: float
    moves: MovedDigest | None
    is_public: bool = False


class Doorkeeper:
    """Admits merchants, and notes which keys were used.

    A key that is kept under an earlier API_SECRET_KEY is kept under the present one once it was used: only
    who shows it makes that possible.
    """

    def __init__(self, database: Database, digests: KeyDigests, clock: Clock) -> None:
        self._merchants = MerchantRepository(database)
        self._digests = digests
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._refused: OrderedDict[str, float] = OrderedDict()
        self._used: dict[KeyId, datetime] = {}
        self._moved: dict[str, MovedDigest] = {}
        self._changes = 0

    async def admit(
        self, secret_key: str | None, at: datetime, *, is_local: bool = True, takes_public: bool = False
    ) -> tuple[ApiKey, Merchant]:
        """The key and merchant behind a secret key. `is_local`: the request came from this machine.

        `takes_public`: a public key is enough.

        Raises:
            AuthenticationFailedError: none, malformed, unknown, revoked or expired: told apart by nobody.
            LiveKeyRefusedError: it looks as if it could move money.
            MerchantInactiveError: the merchant has been switched off.
        """
        if secret_key is None:
            raise AuthenticationFailedError(
                "no secret key was sent", hint="add the header Authorization: Bearer sk_test_…"
            )
        known = self._known.get(secret_key)
        if known is None or self._clock.monotonic() >= known.until or known.is_public > takes_public:
            _refuse_other_kinds(secret_key, takes_public=takes_public)
            known = await self._look_up(secret_key)
        if not is_local and secret_key in (WELL_KNOWN_KEY, WELL_KNOWN_PUBLIC_KEY):
            raise AuthenticationFailedError(
                f"{secret_key} works on loopback only: everybody knows it",
                hint="make another key with `kessai keys create`",
            )
        key = known.key
        if not (key.works_at(at) if known.is_public else key.opens_with(known.digest, at)):
            raise _unknown()
        if not known.merchant.is_active:
            raise MerchantInactiveError
        self._used[key.id] = at
        if known.moves is not None:
            self._moved[known.moves.digest] = known.moves
        return key, known.merchant

    def forget(self) -> None:
        """A key or merchant has changed in this process: look everything up anew."""
        self._known.clear()
        self._refused.clear()
        self._changes += 1

    async def note_uses(self) -> None:
        """Write down when keys were last used, and their digests anew; now and then, not at each request."""
        used, self._used = self._used, {}
        moved, self._moved = self._moved, {}
        if used:
            await self._merchants.note_use(used)
        if moved:
            await self._merchants.move_digests(list(moved.values()))

    async def _look_up(self, secret_key: str) -> _Known:
        # Timed from before the look-up: what it found may have been revoked while it was on its way.
        now, changes = self._clock.monotonic(), self._changes
        if now < self._refused.get(secret_key, now):
            raise _unknown()
        until = now + REMEMBERED_S
        if secret_key.startswith("pk_"):
            return await self._look_up_public(secret_key, until)
        digest = self._digests.digest(secret_key)
        for each in (digest, *self._digests.earlier(secret_key)):
            if (found := await self._merchants.by_digest(each)) is not None:
                key, merchant = found
                mark = self._digests.mark
                is_moved = each != digest or key.mark_of(digest) != mark
                moves = MovedDigest(key.id, each, digest, mark) if is_moved else None
                known = _Known(key, merchant, each, until, moves)
                if changes == self._changes:
                    _remember(self._known, secret_key, known, _REMEMBERED_MAX)
                return known
        self._known.pop(secret_key, None)
        if changes == self._changes:
            _remember(self._refused, secret_key, until, _REFUSED_MAX)
        raise _unknown()

    async def _look_up_public(self, public_key: str, until: float) -> _Known:
        changes = self._changes
        found = await self._merchants.by_public_key(public_key)
        if found is None:
            raise _unknown()
        known = _Known(*found, found[0].digest, until, None, is_public=True)
        if changes == self._changes:
            _remember(self._known, public_key, known, _REMEMBERED_MAX)
        return known


def _remember(kept: OrderedDict[str, T], secret_key: str, what: T, most: int) -> None:
    kept[secret_key] = what
    kept.move_to_end(secret_key)
    if len(kept) > most:
        kept.popitem(last=False)


def _refuse_other_kinds(secret_key: str, *, takes_public: bool) -> None:
    if secret_key.startswith(("sk_live_", "pk_live_", "rk_live_", "rzp_live_")):
        raise LiveKeyRefusedError
    if secret_key.startswith("pk_") and not takes_public:
        raise AuthenticationFailedError(
            "this is a public key; it identifies and opens nothing", hint="use the secret key, sk_test_…"
        )
    if not secret_key or len(secret_key) > _KEY_LENGTH_MAX:
        raise AuthenticationFailedError("this is not a secret key", hint="a secret key looks like sk_test_…")


def _unknown() -> UnknownKeyError:
    return UnknownKeyError(
        "unknown, revoked or expired key",
        hint="kessai prints its key at start; `kessai keys create` makes one",
    )
