"""Asks the database about a secret key that a command was told, or that everybody knows."""

from __future__ import annotations

from kessai.bootstrap import Gateway
from kessai.domain.merchant import ApiKey, Merchant
from kessai.services.doorkeeper import KeyDigests
from kessai.storage.repositories.merchants import MerchantRepository


async def is_known(gateway: Gateway, secret_key: str) -> bool:
    """Whether it is some merchant's, even if it opens nothing any more."""
    return await _found(gateway, _digest(gateway, secret_key)) is not None


async def opens(gateway: Gateway, secret_key: str) -> bool:
    """Whether a request that shows it would be let in now."""
    digest = _digest(gateway, secret_key)
    found = await _found(gateway, digest)
    if found is None:
        return False
    key, merchant = found
    return merchant.is_active and key.opens_with(digest, gateway.clock.now())


def _digest(gateway: Gateway, secret_key: str) -> str:
    return KeyDigests(gateway.settings.api_secret_key.get_secret_value()).digest(secret_key)


async def _found(gateway: Gateway, digest: str) -> tuple[ApiKey, Merchant] | None:
    return await MerchantRepository(gateway.database).by_digest(digest)
