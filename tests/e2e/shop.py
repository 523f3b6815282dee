"""Customers of a server: each asks with an idempotency key, and asks again until it is answered."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Self
from uuid import uuid4

import aiohttp

from tests.e2e.journal import Answer, Ask, Journal

API: Final = "/api/v1"
_TRY_TIMEOUT_S: Final = 15.0
_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.1
"""What a client waits before it asks again: less than Retry-After, to be there soon after the server is."""


class Shop:
    """A merchant's program. `where` gives the server's base URL, which may change when it is restarted."""

    def __init__(self, where: Callable[[], str], api_key: str, journal: Journal | None = None) -> None:
        self.journal = journal or Journal()
        self._where = where
        self._api_key = api_key
        self._is_closing = False
        self._answered = asyncio.Condition()
        self._session: aiohttp.ClientSession | None = None

    def with_key(self, api_key: str) -> Shop:
        """Another program at the same server, with a key of its own; to be opened."""
        return Shop(self._where, api_key)

    def on_another_connection(self) -> Shop:
        """The same program once more, which knows what this one knows; to be opened."""
        twin = Shop(self._where, self._api_key)
        twin.journal = self.journal
        return twin

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self._api_key}"}
        timeout = aiohttp.ClientTimeout(total=_TRY_TIMEOUT_S)
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
        self._session = aiohttp.ClientSession(headers=headers, timeout=timeout, connector=connector)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            # The transports are told of it in the loop's next turn; a forgotten socket is a warning.
            await asyncio.sleep(0)

    @asynccontextmanager
    async def customers(self, count: int) -> AsyncIterator[None]:
        """Have `count` customers buy at the same time; afterwards each finishes what it began."""
        self._is_closing = False
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(self._customer(number))
            try:
                yield
            finally:
                self._is_closing = True

    async def until_acknowledged(self, count: int) -> None:
        """Wait until there are `count` acknowledgements, counted from the shop's beginning."""
        async with asyncio.timeout(_PATIENCE_S), self._answered:
            await self._answered.wait_for(lambda: len(self.journal.acknowledged) >= count)

    async def until_more(self, count: int) -> None:
        """Wait for `count` more acknowledgements."""
        await self.until_acknowledged(len(self.journal.acknowledged) + count)

    async def until_paid(self, count: int) -> None:
        """Wait until there are `count` acknowledged payments, counted from the shop's beginning."""
        async with asyncio.timeout(_PATIENCE_S), self._answered:
            await self._answered.wait_for(lambda: self.journal.payments >= count)

    async def until_refused(self, count: int) -> None:
        """Wait until there are `count` refusals, counted from the shop's beginning."""
        async with asyncio.timeout(_PATIENCE_S), self._answered:
            await self._answered.wait_for(lambda: len(self.journal.refused) >= count)

    async def get(self, path: str, **query: str) -> Answer:
        """GET, once."""
        return await self._send("GET", path, params=query)

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> Answer:
        """POST, once."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self._send("POST", path, json=body, headers=headers)

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Any other request, once."""
        return await self._send(method, path, json=body)

    async def ask(self, path: str, key: str | None = None, **body: Any) -> Answer:
        """POST with a key until it is answered and not put off, and note what came."""
        ask = Ask(key or str(uuid4()), path, body)
        self.journal.ask(ask)
        async with asyncio.timeout(_PATIENCE_S):
            while (answer := await self._try(ask)) is None:  # noqa: ASYNC110 - a server that is away says nothing
                await asyncio.sleep(_PAUSE_S)
        async with self._answered:
            self.journal.acknowledge(ask, answer)
            self._answered.notify_all()
        return answer

    async def pay(self, amount: int, **facts: Any) -> str:
        """Take a payment, whose reference is the request's key; returns its id."""
        key = str(uuid4())
        answer = await self.ask("/payments", key, amount=amount, reference=key, **facts)
        assert answer.status == 201, answer.body
        return str(answer.json["id"])

    async def refund(self, payment_id: str, amount: int) -> Answer:
        """Give back a part; the refund's reason is the request's key."""
        key = str(uuid4())
        return await self.ask(f"/payments/{payment_id}/refund", key, amount=amount, reason=key)

    async def _customer(self, number: int) -> None:
        for turn in itertools.count(number):
            if self._is_closing:
                return
            match turn % 4:
                case 0:
                    await self._pays_and_returns_everything(300 + turn)
                case 1:
                    await self._reserves_and_takes_a_part(500 + turn)
                case 2:
                    await self.pay(100 + turn, simulate="insufficient_funds")
                case _:
                    await self._changes_their_mind(700 + turn)

    async def _pays_and_returns_everything(self, amount: int) -> None:
        payment_id = await self.pay(amount)
        for part in (100, 150, amount - 250):
            _expect(await self.refund(payment_id, part), 201)

    async def _reserves_and_takes_a_part(self, amount: int) -> None:
        payment_id = await self.pay(amount, capture_method="manual")
        _expect(await self.ask(f"/payments/{payment_id}/increment", amount=amount + 100), 200)
        _expect(await self.ask(f"/payments/{payment_id}/capture", amount=amount - 200), 200)
        _expect(await self.refund(payment_id, 50), 201)

    async def _changes_their_mind(self, amount: int) -> None:
        payment_id = await self.pay(amount, capture_method="manual")
        _expect(await self.ask(f"/payments/{payment_id}/cancel"), 200)

    async def _try(self, ask: Ask) -> Answer | None:
        """Ask once; None when it has to be asked again."""
        began = asyncio.get_running_loop().time()
        try:
            answer = await self.post(ask.path, ask.body, key=ask.key)
        except aiohttp.ClientConnectorError:
            # Nothing was sent: nobody was there.
            self.journal.not_connected += 1
            return None
        except (aiohttp.ClientError, OSError):
            self.journal.miss(ask, began)
            return None
        if not answer.puts_off:
            return answer
        async with self._answered:
            self.journal.refuse(ask, answer)
            self._answered.notify_all()
        return None

    async def _send(self, method: str, path: str, **more: Any) -> Answer:
        # Any: what aiohttp's methods take. Paths are below /api/v1 unless they name a page of operations.
        if self._session is None:
            raise RuntimeError("the shop is closed")
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with self._session.request(method, self._where() + _full(path), **more) as response:
            body = await response.read()
            return Answer(response.status, response.headers, body, loop.time() - started)


def _full(path: str) -> str:
    return path if path in ("/health", "/readiness", "/metrics") else API + path


def _expect(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.body
