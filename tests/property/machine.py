"""Random requests over HTTP, each answered by the gateway as the model says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar

import httpx
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.property.model import SIMULATIONS, DeclinedError, Model, Payment, RefusedError

T = TypeVar("T")
Shown = dict[str, Any]

# Small, so that what is just enough, or one too much, is asked for often.
AMOUNTS = st.integers(1, 5)
MAYBE_AMOUNTS = st.none() | AMOUNTS
PICKS = st.integers(0, 6)
TIMES = st.sampled_from(
    [timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=12), timedelta(hours=23), timedelta(days=7)]
)
# Most payments should get as far as being captured: more can happen to them.
OUTCOMES = st.sampled_from(["success", "success", "refund_failure", "requires_action", *SIMULATIONS])
MORE = st.integers(1, 9)
ORDERS = st.fixed_dictionaries(
    {
        "amount": AMOUNTS,
        "currency": st.sampled_from(["INR", "JPY"]),
        "simulate": OUTCOMES,
        "capture_method": st.sampled_from(["manual", "automatic"]),
        "reference": st.sampled_from([None, "r1", "r2"]),
    },
    optional={"delay_s": st.sampled_from([0, 1, 60])},
)
KINDS: list[Shown] = [
    {"simulate": "pending_success"},
    {"simulate": "requires_action"},
    {"simulate": "refund_failure", "delay_s": 60},
    {"capture_method": "manual"},
    {"capture_method": "manual", "simulate": "increment_declined"},
    {},
]
# Counted from where a machine's time begins.
MOMENTS = st.integers(0, 14 * 24).map(lambda hours: timedelta(hours=hours))
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["CAPTURED", "FAILED", "AUTHORIZED", "REFUNDED", "PENDING", "EXPIRED"]),
        "currency": st.sampled_from(["INR", "JPY", "USD"]),
        "reference": st.sampled_from(["r1", "r2"]),
        "simulate": st.sampled_from(SIMULATIONS),
        "created_from": MOMENTS,
        "created_to": MOMENTS,
        "amount_min": AMOUNTS,
        "amount_max": AMOUNTS,
    },
)


class Till(Protocol):
    """A gateway as a new merchant sees it, and the hand that moves its clock.

    Paths given to `client` are below /api/v1; `stranger` has no key.
    """

    @property
    def client(self) -> httpx.AsyncClient: ...

    @property
    def stranger(self) -> httpx.AsyncClient: ...

    @property
    def opened_at(self) -> datetime:
        """Where its time begins."""
        ...

    async def tick(self, after: timedelta = timedelta(0)) -> int:
        """Let time pass, then do once what the clock does to payments; returns how much that was."""
        ...


@dataclass(frozen=True)
class Asked:
    """A request, and what the model does for it: it gives back a check of the answer."""

    path: str
    body: Any
    decide: Callable[[], Callable[[Shown], None]]
    key: str | None


class PaymentMachine(RuleBasedStateMachine):
    """Subclasses say how to open a till that nobody has used."""

    opened: ClassVar[Callable[[], AbstractAsyncContextManager[Till]]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.till = self.run(self.stack.enter_async_context(type(self).opened()))
        self.model = Model(self.till.opened_at)
        self.asked: list[Asked] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        try:
            for payment in self.model.payments:
                self.check(payment)
                self.check_history(payment)
        finally:
            self.run(self.stack.aclose())
            self.runner.close()

    @initialize()
    def one_of_each_kind(self) -> None:
        for kind in KINDS:
            order = {"amount": 3, "currency": "INR", "simulate": "success", "reference": None, **kind}
            self.create({"capture_method": "automatic", **order}, has_key=True)

    @rule(order=ORDERS, has_key=st.booleans())
    def create(self, order: Shown, has_key: bool) -> None:
        def decide() -> Callable[[Shown], None]:
            payment = self.model.create(order)
            return lambda shown: identify(payment, shown)

        self.ask("/payments", order, decide, has_key=has_key)

    @rule(pick=PICKS, amount=MAYBE_AMOUNTS, has_key=st.booleans())
    def capture(self, pick: int, amount: int | None, has_key: bool) -> None:
        payment = self.picked(pick, "AUTHORIZED")
        body = None if amount is None else {"amount": amount}

        def decide() -> Callable[[Shown], None]:
            self.model.capture(payment, amount)
            return lambda shown: compare(payment, shown)

        self.ask(f"/payments/{payment.id}/capture", body, decide, has_key=has_key)

    @rule(pick=PICKS, amount=MORE, has_key=st.booleans())
    def increment(self, pick: int, amount: int, has_key: bool) -> None:
        payment = self.picked(pick, "AUTHORIZED")

        def decide() -> Callable[[Shown], None]:
            self.model.increment(payment, amount)
            return lambda shown: compare(payment, shown)

        self.ask(f"/payments/{payment.id}/increment", {"amount": amount}, decide, has_key=has_key)

    @rule(pick=PICKS, has_key=st.booleans())
    def cancel(self, pick: int, has_key: bool) -> None:
        payment = self.picked(pick)

        def decide() -> Callable[[Shown], None]:
            self.model.cancel(payment)
            return lambda shown: compare(payment, shown)

        self.ask(f"/payments/{payment.id}/cancel", None, decide, has_key=has_key)

    @rule(pick=PICKS, amount=MAYBE_AMOUNTS, has_key=st.booleans(), is_named_in_body=st.booleans())
    def refund(self, pick: int, amount: int | None, has_key: bool, is_named_in_body: bool) -> None:
        payment = self.picked(pick, "CAPTURED")
        body: Shown = {} if amount is None else {"amount": amount}
        path = f"/payments/{payment.id}/refund"
        if is_named_in_body:
            path, body = "/refunds", {**body, "payment_id": payment.id}

        def decide() -> Callable[[Shown], None]:
            refund = self.model.refund(payment, amount)

            def check(shown: Shown) -> None:
                refund.id = shown["id"]
                assert (shown["amount"], shown["status"]) == (refund.amount, refund.status)
                assert (shown["payment_id"], shown["payment_status"]) == (payment.id, payment.status)

            return check

        self.ask(path, body, decide, has_key=has_key)

    @rule(pick=PICKS, is_approved=st.booleans())
    def authenticate(self, pick: int, is_approved: bool) -> None:
        payment = self.picked(pick, "REQUIRES_ACTION")
        query = {"outcome": "approve" if is_approved else "fail"}
        answer = self.run(self.till.stranger.post(f"/challenge/{payment.id}", params=query))
        code = None
        try:
            self.model.authenticate(payment, is_approved=is_approved)
        except RefusedError as refused:
            code = str(refused)
        assert code_of(answer) == code

    @precondition(lambda self: self.asked)
    @rule(pick=PICKS)
    def repeat(self, pick: int) -> None:
        """A request sent again as it was, whatever has happened since."""
        self.send(self.asked[-1 - pick % len(self.asked)])

    @precondition(lambda self: self.asked)
    @rule(pick=PICKS, other=PICKS)
    def reuse_a_key(self, pick: int, other: int) -> None:
        """A request sent again with the key of another one."""
        one, another = (self.asked[-1 - each % len(self.asked)] for each in (pick, other))
        self.send(Asked(one.path, one.body, one.decide, another.key))

    @rule(by=TIMES)
    def time_passes(self, by: timedelta) -> None:
        self.model.advance(by)
        self.run(self.till.tick(by))
        while self.run(self.till.tick()):
            pass

    @rule(wanted=FILTERS, limit=st.integers(1, 5))
    def find(self, wanted: Shown, limit: int) -> None:
        found: list[str] = []
        wanted = {
            name: (self.till.opened_at + value).isoformat() if isinstance(value, timedelta) else value
            for name, value in wanted.items()
        }
        query = {**wanted, "limit": limit}
        while True:
            page = self.run(self.till.client.get("/payments", params=query)).json()
            assert len(page["data"]) <= limit
            found += [each["id"] for each in page["data"]]
            if not page["has_more"]:
                break
            query["cursor"] = page["next_cursor"]
        assert found == list(self.model.listed(wanted))

    def picked(self, pick: int, status: str | None = None) -> Payment:
        """A payment, most often one of those that stand there."""
        fitting = [each for each in self.model.payments if each.status == status]
        among = fitting if fitting and pick else self.model.payments
        return among[-1 - pick % len(among)]

    def ask(
        self, path: str, body: Any, decide: Callable[[], Callable[[Shown], None]], *, has_key: bool
    ) -> None:
        asked = Asked(path, body, decide, f"k{len(self.asked)}" if has_key else None)
        if has_key:
            self.asked.append(asked)
        self.send(asked)

    def send(self, asked: Asked) -> None:
        """Ask the gateway and the model, and compare what they say."""
        content = b"" if asked.body is None else json.dumps(asked.body).encode()
        headers = {} if asked.key is None else {"Idempotency-Key": asked.key}
        answer = self.run(self.till.client.post(asked.path, content=content, headers=headers))
        note(f"{asked.path} {asked.body} {asked.key} -> {answer.status_code} {answer.text[:200]}")
        code, stored = None, None
        try:
            stored = self.model.known(asked.key, (asked.path, asked.body))
            if stored is None:
                check = asked.decide()
                check(answer.json())
                self.keep(asked, answer)
        except RefusedError as refused:
            code = str(refused)
            if isinstance(refused, DeclinedError):
                self.keep(asked, answer)
        assert stored is not None or code_of(answer) == code
        assert ("idempotent-replayed" in answer.headers) == (stored is not None)
        assert stored is None or answer.content == stored

    def keep(self, asked: Asked, answer: httpx.Response) -> None:
        """From now on its key answers so."""
        if asked.key is not None:
            self.model.keep(asked.key, (asked.path, asked.body), answer.content)

    def check(self, payment: Payment) -> None:
        """The payment stands where the model has it."""
        shown = self.run(self.till.client.get(f"/payments/{payment.id}")).json()
        compare(payment, shown)
        assert 0 <= shown["refunded_amount"] <= shown["captured_amount"] <= shown["amount"]

    def check_history(self, payment: Payment) -> None:
        """Every step was recorded, and every refund is listed."""
        timeline = self.run(self.till.client.get(f"/payments/{payment.id}/timeline")).json()["data"]
        steps = [each["to_status"] for each in timeline if each["kind"] == "transition"]
        assert steps == payment.path
        refunds = self.run(self.till.client.get(f"/payments/{payment.id}/refunds?limit=100")).json()
        listed = [(each["id"], each["status"]) for each in refunds["data"]]
        assert listed == [(each.id, each.status) for each in payment.refunds[::-1]]


def identify(payment: Payment, shown: Shown) -> None:
    """A new payment gets its id from the gateway."""
    payment.id = shown["id"]
    compare(payment, shown)


def compare(payment: Payment, shown: Shown) -> None:
    """What is shown is what the model has."""
    expected = payment.shown()
    assert {name: shown.get(name) for name in expected} == expected


def code_of(answer: httpx.Response) -> str | None:
    """The code of a refusal, None when it is none."""
    return None if answer.is_success else str(answer.json()["error"]["code"])
