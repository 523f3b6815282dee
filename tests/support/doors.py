"""One shop's work by whichever API: the same steps, in the words of each.

A door keeps the payment it is at, so that a scenario is a list of steps. A new dialect is a new door.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import httpx

from kessai.services.secrets import WELL_KNOWN_KEY
from tests.support.gateway import API, ROOT, Gateway
from tests.support.stripe_forms import form

RETURN_URL: Final = "https://shop.example/return"


class Door(Protocol):
    """What a shop does. Every step gives the status of its answer; none is refused by an exception."""

    async def take(
        self, amount: int, bank: str = "success", *, by_hand: bool = False, currency: str = "usd"
    ) -> int:
        """Ask for a payment; `bank` is the simulation it meets. `by_hand` holds it."""
        ...

    async def take_again(self, bank: str) -> int:
        """Ask for the same once more, after a decline."""
        ...

    async def prove(self, outcome: str) -> int:
        """The payer goes to the bank's page: "approve" or "fail"."""
        ...

    async def capture(self, amount: int | None = None) -> int:
        """Take what is held."""
        ...

    async def increment(self, amount: int) -> int:
        """Have more held, so much in all."""
        ...

    async def void(self) -> int:
        """Let go what is held."""
        ...

    async def refund(self, amount: int | None = None) -> int:
        """Give back, all that is left if it is not said how much."""
        ...

    def lose_next(self) -> None:
        """The next answer does not arrive; who asked asks again with the same key."""
        ...


class LossyTransport(httpx.AsyncBaseTransport):
    """Carries requests to the application; of the next `losing` of them nobody hears how they ended."""

    def __init__(self, gateway: Gateway) -> None:
        self._inner = httpx.ASGITransport(gateway.joined.app)
        self.losing = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Serve one request.

        Raises:
            httpx.ReadError: it was carried out, and its answer is lost.
        """
        answer = await self._inner.handle_async_request(request)
        if self.losing:
            self.losing -= 1
            await answer.aread()
            raise httpx.ReadError("the answer is lost", request=request)
        return answer


class _Shop:
    """What the doors have in common: a key for every request, and asking again when no answer came."""

    def __init__(self, client: httpx.AsyncClient, transport: LossyTransport) -> None:
        self._client = client
        self._transport = transport
        self._asked = 0

    def lose_next(self) -> None:
        """The next answer does not arrive."""
        self._transport.losing = 1

    async def _post(self, path: str, **sent: Any) -> httpx.Response:
        self._asked += 1
        headers = {"Idempotency-Key": f"request-{self._asked}"}
        try:
            return await self._client.post(path, headers=headers, **sent)
        except httpx.ReadError:
            again = await self._client.post(path, headers=headers, **sent)
            assert again.headers["idempotent-replayed"] == "true"
            return again


class NativeDoor(_Shop):
    """The native API."""

    payment: Mapping[str, Any]
    asked: Mapping[str, Any]

    async def take(
        self, amount: int, bank: str = "success", *, by_hand: bool = False, currency: str = "usd"
    ) -> int:
        self.asked = {
            "amount": amount,
            "currency": currency,
            "capture_method": "manual" if by_hand else "automatic",
        }
        return await self.take_again(bank)

    async def take_again(self, bank: str) -> int:
        answer = await self._post(f"{API}/payments", json={**self.asked, "simulate": bank})
        self.payment = answer.json()
        # A decline is a payment too, here.
        return 402 if self.payment["status"] == "FAILED" else answer.status_code

    async def prove(self, outcome: str) -> int:
        page = self.payment["next_action"]["redirect_url"]
        return (await self._client.post(page, params={"outcome": outcome})).status_code

    async def capture(self, amount: int | None = None) -> int:
        return await self._ask("capture", amount)

    async def increment(self, amount: int) -> int:
        return await self._ask("increment", amount)

    async def void(self) -> int:
        return await self._ask("cancel")

    async def refund(self, amount: int | None = None) -> int:
        return await self._ask("refund", amount)

    async def _ask(self, action: str, amount: int | None = None) -> int:
        body = {} if amount is None else {"amount": amount}
        return (await self._post(f"{API}/payments/{self.payment['id']}/{action}", json=body)).status_code


class StripeDoor(_Shop):
    """The Stripe API; what the bank does is in the name of the test card."""

    CARDS: Final = {
        "success": "pm_card_visa",
        "card_declined": "pm_card_visa_chargeDeclined",
        "insufficient_funds": "pm_card_visa_chargeDeclinedInsufficientFunds",
        "expired_card": "pm_card_chargeDeclinedExpiredCard",
        "requires_action": "pm_card_threeDSecure2Required",
        "requires_action_declined": "pm_card_threeDSecureRequiredChargeDeclined",
        "refund_pending": "pm_card_pendingRefund",
        "refund_failure": "pm_card_refundFail",
        "increment_declined": "pm_card_credit_disableEnterpriseCardFeatures",
    }
    intent: Mapping[str, Any]

    async def take(
        self, amount: int, bank: str = "success", *, by_hand: bool = False, currency: str = "usd"
    ) -> int:
        asked = {
            "amount": amount,
            "currency": currency,
            "payment_method": self.CARDS[bank],
            "payment_method_types": ["card"],
            "capture_method": "manual" if by_hand else "automatic",
            "payment_method_options": {"card": {"request_incremental_authorization": "if_available"}},
            "confirm": True,
            "return_url": RETURN_URL,
        }
        return await self._try("/v1/payment_intents", asked)

    async def take_again(self, bank: str) -> int:
        asked = {"payment_method": self.CARDS[bank], "return_url": RETURN_URL}
        return await self._try(f"/v1/payment_intents/{self.intent['id']}/confirm", asked)

    async def prove(self, outcome: str) -> int:
        page = urlsplit(self.intent["next_action"]["redirect_to_url"]["url"])
        answer = await self._client.post(f"{page.path}?{page.query}&outcome={outcome}")
        # Back to the shop.
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"{RETURN_URL}?payment_intent={self.intent['id']}")
        return 200

    async def capture(self, amount: int | None = None) -> int:
        asked = {} if amount is None else {"amount_to_capture": amount}
        return await self._ask(f"/v1/payment_intents/{self.intent['id']}/capture", asked)

    async def increment(self, amount: int) -> int:
        path = f"/v1/payment_intents/{self.intent['id']}/increment_authorization"
        return await self._ask(path, {"amount": amount})

    async def void(self) -> int:
        return await self._ask(f"/v1/payment_intents/{self.intent['id']}/cancel", {})

    async def refund(self, amount: int | None = None) -> int:
        asked = {"payment_intent": self.intent["id"]}
        return await self._ask("/v1/refunds", asked if amount is None else {**asked, "amount": amount})

    async def _try(self, path: str, asked: dict[str, Any]) -> int:
        answer = await self._post(path, data=form(asked))
        told = answer.json()
        self.intent = told["error"]["payment_intent"] if "error" in told else told
        return answer.status_code

    async def _ask(self, path: str, asked: dict[str, Any]) -> int:
        return (await self._post(path, data=form(asked))).status_code


DOORS: Final[Mapping[str, Callable[[httpx.AsyncClient, LossyTransport], Door]]] = {
    "native": NativeDoor,
    "stripe": StripeDoor,
}


@asynccontextmanager
async def opened_door(name: str, gateway: Gateway) -> AsyncIterator[Door]:
    """A door of the gateway's first merchant."""
    transport = LossyTransport(gateway)
    headers = {"Authorization": f"Bearer {WELL_KNOWN_KEY}"}
    async with httpx.AsyncClient(transport=transport, base_url=ROOT, headers=headers) as client:
        yield DOORS[name](client, transport)
