"""The first merchant: made on an empty database, so that the first payment needs no set-up."""

from __future__ import annotations

from typing import Final

from kessai.services.merchants import Merchants
from kessai.services.ports import Clock
from kessai.services.secrets import WELL_KNOWN_KEY, WELL_KNOWN_PUBLIC_KEY
from kessai.storage.journal import Database
from kessai.storage.repositories.merchants import MerchantRepository

FIRST_NAME: Final = "First merchant"
FIRST_CURRENCY: Final = "INR"


async def first_merchant(
    merchants: Merchants, database: Database, clock: Clock, *, secret_key: str | None
) -> str | None:
    """Make the first merchant; return its secret key, or None when there is a merchant already.

    Any number of processes may try at once: one of them makes it.
    """
    if not await merchants.is_empty():
        return None
    merchant, issued, _ = merchants.create(
        FIRST_NAME,
        email=None,
        currency=FIRST_CURRENCY,
        secret_key=secret_key,
        public_key=WELL_KNOWN_PUBLIC_KEY if secret_key == WELL_KNOWN_KEY else None,
        at=clock.now(),
    )
    is_made = await MerchantRepository(database).add_first(merchant, issued.key)
    return issued.secret_key if is_made else None
