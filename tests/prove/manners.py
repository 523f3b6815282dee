"""How kessai behaves while its database is away: it says so, soon, to everybody, and lives on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from tests.e2e.journal import Answer, Journal
from tests.e2e.shop import Shop

_PAUSE_S: Final = 0.05


@dataclass(slots=True)
class Manners:
    """`findings` are the answers that were neither a success nor put off what was asked, saying until when.

    That is 503, or 409 to whoever asks again after a 503 while the database still holds an unfinished commit
    of the same key, which it may do long after the connection is lost: `in_use` counts those.
    """

    findings: list[str] = field(default_factory=list)
    in_use: int = 0
    reads: int = 0
    refused_s_max: float = 0.0

    @asynccontextmanager
    async def watched(self, shop: Shop) -> AsyncIterator[None]:
        """Somebody reads meanwhile, over and over."""
        reader = asyncio.create_task(self._read(shop))
        try:
            yield
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    def judge(self, journal: Journal) -> None:
        """Look at every refusal that customers got, in order."""
        in_doubt = set[str]()
        for ask, answer in journal.refused:
            self._note(f"POST {ask.path}", answer, is_in_doubt=ask.key in in_doubt)
            if answer.status == 503:
                in_doubt.add(ask.key)

    async def _read(self, shop: Shop) -> None:
        while True:
            for path in (*_last_payment(shop.journal), "/payments", "/health"):
                self.reads += 1
                try:
                    answer = await shop.get(path)
                except (aiohttp.ClientError, OSError) as error:
                    self.findings.append(f"an ill-mannered answer: GET {path}: none, {error!r}")
                else:
                    self._note(f"GET {path}", answer)
                await asyncio.sleep(_PAUSE_S)

    def _note(self, what: str, answer: Answer, *, is_in_doubt: bool = False) -> None:
        """Hold one answer against what may be said; whether an earlier one left its commit in doubt."""
        is_told_when = answer.headers.get("Retry-After", "").isdigit()
        may_be = answer.status == 503 or (answer.status == 409 and is_in_doubt)
        is_good = may_be and answer.puts_off and is_told_when
        if is_good and not what.endswith("/health"):
            self.refused_s_max = max(self.refused_s_max, answer.seconds)
            self.in_use += answer.status == 409
        elif answer.status != 200:
            # Whoever was told of a payment finds it: 404 is one of these.
            self.findings.append(f"an ill-mannered answer: {what}: {answer.status} {answer.body.decode()}")


def _last_payment(journal: Journal) -> list[str]:
    """The path of what somebody was told of just now."""
    told = reversed(journal.acknowledged.items())
    made = (answer.json["id"] for key, answer in told if journal.asked[key].path == "/payments")
    return [f"/payments/{payment_id}" for payment_id in [next(made, None)] if payment_id]
