"""The story itself: what the shop does, and what it expects to see."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from kessai.cli.demo.stage import Exchange, Receiver, Shop, is_genuine
from kessai.cli.demo.telling import Step, StoryEndsError, Teller

_PAYMENTS: Final = "/api/v1/payments"
_ORDER: Final = {
    "amount": 10000,
    "currency": "INR",
    "description": "Order #1001",
    "reference": "order-1001",
}
_ORDER_KEY: Final = "order-1001-attempt"


async def tell(shop: Shop, receiver: Receiver, teller: Teller) -> None:
    """Play every step, up to the first that is not as expected."""
    with suppress(StoryEndsError):
        await _open(shop, teller)
        secret = await _listen(shop, receiver, teller)
        first = await _pay(shop, teller)
        await _hear(receiver, teller, first.said["id"], secret)
        held = await _hold_and_take(shop, teller)
        await _refund(shop, receiver, teller, held)
        await _decline(shop, teller)
        await _repeat(shop, teller, first)


async def _open(shop: Shop, teller: Teller) -> None:
    with teller.step("A gateway starts", "On a file of its own. Its parts say how they are.") as step:
        ready = _note(step, await shop.get("/readiness"))
        _expect(step, "it is ready to serve", ready.status == 200 and ready.said["status"] == "ready")


async def _listen(shop: Shop, receiver: Receiver, teller: Teller) -> str:
    with teller.step("The shop asks to be told", "It names a webhook endpoint, and gets a secret.") as step:
        made = _note(step, await shop.post("/api/v1/webhooks/endpoints", {"url": receiver.url}))
        _expect(step, "the endpoint is there", made.status == 201)
    return str(made.said["secret"])


async def _pay(shop: Shop, teller: Teller) -> Exchange:
    text = "A customer pays 100.00 rupees: amounts are whole numbers of the smallest unit."
    with teller.step("A payment", text) as step:
        paid = _note(step, await shop.post(_PAYMENTS, _ORDER, idempotency_key=_ORDER_KEY))
        _expect(step, "it was created", paid.status == 201)
        _expect(step, "the money is captured", paid.said.get("status") == "CAPTURED")
    return paid


async def _hear(receiver: Receiver, teller: Teller, payment_id: str, secret: str) -> None:
    text = "The receiver checks the signature before it believes a word."
    with teller.step("Its webhook arrives", text) as step:
        webhook = await receiver.wait_for("payment.succeeded", payment_id)
        _expect(step, "payment.succeeded arrived", webhook is not None)
        if webhook is None:
            return
        step.happenings.append(webhook)
        signature = webhook.headers.get("x-webhook-signature", "")
        _expect(step, "its signature is genuine", is_genuine(webhook.body, signature, secret))
        forged = webhook.body.replace(b"10000", b"99999")
        _expect(step, "a forged one is noticed", not is_genuine(forged, signature, secret))


async def _hold_and_take(shop: Shop, teller: Teller) -> str:
    text = "A hotel holds 250.00 when the guest books, and takes it when the guest leaves."
    with teller.step("Hold now, take later", text) as step:
        order = {"amount": 25000, "currency": "INR", "capture_method": "manual"}
        held = _note(step, await shop.post(_PAYMENTS, order))
        _expect(step, "the money is only held", held.said.get("status") == "AUTHORIZED")
        taken = _note(step, await shop.post(f"{_PAYMENTS}/{held.said.get('id')}/capture"))
        _expect(step, "now it is captured", taken.said.get("status") == "CAPTURED")
    return str(held.said["id"])


async def _refund(shop: Shop, receiver: Receiver, teller: Teller, payment_id: str) -> None:
    with teller.step("A part goes back", "The guest did not have the breakfast.") as step:
        body = {"amount": 5000, "reason": "no breakfast"}
        refund = _note(step, await shop.post(f"{_PAYMENTS}/{payment_id}/refund", body))
        _expect(step, "the refund is processed", refund.said.get("status") == "PROCESSED")
        payment = _note(step, await shop.get(f"{_PAYMENTS}/{payment_id}"))
        _expect(step, "50.00 of 250.00 are refunded", payment.said.get("refunded_amount") == 5000)
        webhook = await receiver.wait_for("payment.refunded", payment_id)
        _expect(step, "payment.refunded arrived", webhook is not None)


async def _decline(shop: Shop, teller: Teller) -> None:
    text = "Every way in which a bank says no can be asked for by name."
    with teller.step("A decline", text) as step:
        order = {"amount": 10000, "simulate": "insufficient_funds"}
        declined = _note(step, await shop.post(_PAYMENTS, order))
        _expect(step, "a decline is a payment too", declined.status == 201)
        _expect(step, "it failed", declined.said.get("status") == "FAILED")
        reason = declined.said.get("error_code")
        _expect(step, "and says why", reason == "INSUFFICIENT_FUNDS")


async def _repeat(shop: Shop, teller: Teller, first: Exchange) -> None:
    text = "The shop never saw the first answer, so it asks again, with the same key."
    with teller.step("A retry", text) as step:
        again = _note(step, await shop.post(_PAYMENTS, _ORDER, idempotency_key=_ORDER_KEY))
        _expect(step, "it is the same answer, byte for byte", again.answer == first.answer)
        _expect(step, "and says so", again.answer_headers.get("idempotent-replayed") == "true")
        found = _note(step, await shop.get(f"{_PAYMENTS}?reference={_ORDER['reference']}"))
        _expect(step, "the customer paid once", len(found.said.get("data", [])) == 1)


def _note(step: Step, exchange: Exchange) -> Exchange:
    step.happenings.append(exchange)
    return exchange


def _expect(step: Step, claim: str, held: bool) -> None:
    step.expectations.append((claim, held))
