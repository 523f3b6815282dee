"""Asks the database about a secret key that a command was told, or that everybody knows."""

from __future__ import annotations

from kessai.bootstrap import Gateway
from kessai.domain.merchant import ApiKey, Merchant
from kessai.services.doorkeeper import KeyDigests
from kessai.storage.repositories.merchants import MerchantRepository


async def is_known(gateway: Gateway, secret_key: str) -> bool:
    """Whether it is some merchant's, even if it opens nothing any more."""
    return await _found(gateway, secret_key) is not None


async def opens(gateway: Gateway, secret_key: str) -> bool:
    """Whether a request that shows it would be let in now."""
    found = await _found(gateway, secret_key)
    if found is None:
        return False
    key, merchant, digest = found
    return merchant.is_active and key.opens_with(digest, gateway.clock.now())


async def _found(gateway: Gateway, secret_key: str) -> tuple[ApiKey, Merchant, str] | None:
    """A key and its merchant, and the digest that led there: under an earlier API_SECRET_KEY, maybe."""
    digests = KeyDigests(*gateway.settings.api_secret_keys)
    for digest in (digests.digest(secret_key), *digests.earlier(secret_key)):
        found = await MerchantRepository(gateway.database).by_digest(digest)
        if found is not None:
            return *found, digest
    return None
