"""One key, one effect, one answer: claims made from requests, and stored answers given again."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Final

import orjson

from kessai.domain.change import Change
from kessai.domain.errors import KeyReusedError
from kessai.domain.idempotency import KeyClaim, StoredAnswer
from kessai.http.answer import Answer, replayed
from kessai.http.call import Call
from kessai.http.request import Request
from kessai.services.ports import SecretBox
from kessai.simulation.cards import holds_real_number
from kessai.storage.journal import Database
from kessai.storage.repositories.idempotency import IdempotencyRepository

_RECENT_MAX: Final = 5_000
"""After so many keys those before the last so many are forgotten: seconds of full speed, a few megabytes."""


class Idempotency:
    """Keys are remembered for `ttl`; answers that show a secret are stored sealed."""

    def __init__(self, database: Database, secret_box: SecretBox, ttl: timedelta) -> None:
        self._repository = IdempotencyRepository(database)
        self._secret_box = secret_box
        self._ttl = ttl
        self._recent: set[tuple[str, str]] = set()
        self._earlier: set[tuple[str, str]] = set()

    def claim(self, key: str, call: Call, request: Request, asked: object) -> KeyClaim:
        """What a request claims, before there is an answer. What was `asked` is compared as parsed."""
        material = orjson.dumps((request.method, request.path, asked), option=orjson.OPT_SORT_KEYS)
        fingerprint = hashlib.sha256(material).hexdigest()
        unanswered = StoredAnswer(0, "", b"", request_id=call.request_id)
        return KeyClaim(call.merchant.id, _kept(key), fingerprint, unanswered, call.now, call.now + self._ttl)

    async def replay_of_recent(self, claim: KeyClaim) -> Answer | None:
        """The answer of a key that this process has seen used: asked for before the work is done again.

        Only a short cut. What has come in twice is found out by the journal, whoever remembers what.

        Raises:
            KeyReusedError: that was another request.
        """
        key = (claim.merchant_id, claim.key)
        return await self.earlier(claim) if key in self._recent or key in self._earlier else None

    def used(self, claim: KeyClaim) -> None:
        """Remember that a key has been answered."""
        self._recent.add((claim.merchant_id, claim.key))
        if len(self._recent) >= _RECENT_MAX:
            self._earlier, self._recent = self._recent, set()

    def protect(self, change: Change | None, claim: KeyClaim, answer: Answer, *, is_secret: bool) -> Change:
        """The Change with its claim and answer; an answer alone when nothing changed."""
        body = self._secret_box.seal(answer.body) if is_secret else answer.body
        by = claim.answer.request_id
        stored = StoredAnswer(answer.status, answer.content_type, body, is_secret, by)
        return (change or Change()).claimed_by(claim.answered(stored))

    async def earlier(self, claim: KeyClaim) -> Answer | None:
        """The answer the key was given before, if it was.

        Raises:
            KeyReusedError: that was another request.
        """
        taken = await self._repository.get(claim.merchant_id, claim.key, at=claim.created_at)
        return None if taken is None else self.replay(taken, claim)

    def replay(self, taken: KeyClaim, claim: KeyClaim) -> Answer:
        """The stored answer of `taken`, byte for byte, to the request that made `claim`.

        Raises:
            KeyReusedError: the key was first used for another request.
        """
        if taken.fingerprint != claim.fingerprint:
            raise KeyReusedError
        stored = taken.answer
        if stored.is_sealed:
            stored = replace(stored, body=self._secret_box.open(stored.body), is_sealed=False)
        return replayed(stored)


def _kept(key: str) -> str:
    """A key as it is stored: one that holds what could be a real card number is known by its digest."""
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}" if holds_real_number(key) else key
