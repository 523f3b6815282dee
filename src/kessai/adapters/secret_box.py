"""Seals secrets that must be readable later; the key comes from `API_SECRET_KEY`."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from kessai.services.ports import SealBrokenError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet

# Part of every key: changing it makes all that was sealed before unreadable.
_PURPOSE: Final = b"kessai secret box v1"

# Opening costs about 10 us and a busy dispatcher opens the same few endpoint secrets again and again.
_KEPT_OPEN: Final = 256


class FernetBox:
    """Fernet (AES-128-CBC with HMAC-SHA256) under keys derived from `secrets` by HKDF-SHA256.

    The first secret seals; any of them opens, so a secret can be replaced without losing what
    was sealed under the old one.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("a secret box needs at least one secret, and none of them empty")
        self._secrets = tuple(secrets)
        self._open = lru_cache(maxsize=_KEPT_OPEN)(self._decrypt)

    def seal(self, plain: bytes) -> bytes:
        """Return `plain` encrypted, in URL-safe base64; twice the same gives two different seals."""
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            SealBrokenError: sealed under another secret, or altered.
        """
        return self._open(sealed)

    def reseal(self, sealed: bytes) -> bytes | None:
        """Return it sealed under the first secret; None when it is so already.

        Raises:
            SealBrokenError: sealed under a secret that is none of ours, or altered.
        """
        from cryptography.fernet import InvalidToken

        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return self.seal(self._decrypt(sealed))
        return None

    def _decrypt(self, sealed: bytes) -> bytes:
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise SealBrokenError(
                "what was stored cannot be opened with the present API_SECRET_KEY"
            ) from None

    @cached_property
    def _fernet(self) -> MultiFernet:
        # Imported on first use: a gateway without webhook endpoints starts faster without it.
        from cryptography.fernet import MultiFernet

        return MultiFernet([self._first, *(_fernet_from(secret) for secret in self._secrets[1:])])

    @cached_property
    def _first(self) -> Fernet:
        return _fernet_from(self._secrets[0])


def _fernet_from(secret: str) -> Fernet:
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))
