"""Test keys that nobody has registered: on a local gateway each gets a merchant of its own.

So tests that run side by side keep apart by taking a key each, and nobody has to be asked for one.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Final

from kessai.services.merchants import Merchants
from kessai.storage.journal import Committed, Database, Observer

_FORM: Final = re.compile(r"(?:sk|rk|pk)_test_[A-Za-z0-9_]{1,100}(?:/acct_[A-Za-z0-9]{1,50})?")
"""A key, and perhaps the account it acts for."""
_CURRENCY: Final = "USD"


class Strangers:
    """Makes their merchants."""

    def __init__(self, merchants: Merchants, database: Database, committed: Observer) -> None:
        self._merchants = merchants
        self._database = database
        self._committed = committed
        self._one_at_a_time: Final = asyncio.Lock()

    async def adopt(self, shown: str, at: datetime) -> None:
        """Make a merchant for a secret key, or for the secret key that a public one goes with.

        What does not look like a test key is left alone, and so is one that is known by now.
        """
        if not _FORM.fullmatch(shown):
            return
        secret_key = f"sk_{shown[3:]}" if shown.startswith("pk_") else shown
        async with self._one_at_a_time:
            if await self._merchants.knows(secret_key):
                return
            _, _, change = self._merchants.create(
                f"Test merchant {secret_key[-4:]}",
                email=None,
                currency=_CURRENCY,
                secret_key=secret_key,
                public_key=None if secret_key.startswith("rk_") else f"pk_{secret_key[3:]}",
                at=at,
            )
            try:
                result = await self._database.commit(change)
            except Exception:
                # Another process was first: then it is known now.
                if await self._merchants.knows(secret_key):
                    return
                raise
            if isinstance(result, Committed):
                self._committed(change, result)
