"""How each event is brought about: requests in order, as data. To add an event is to add a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from kessai.domain.outcome import Declined
from kessai.simulation.table import SIMULATIONS, Course, Delivery


@dataclass(frozen=True, slots=True)
class Step:
    """One request and what it makes. `{payment}` in `path` is the id of the payment made before, and so on.

    `names` maps fields of the body to what was made before: they are its id. With GET, the step before made
    it, and it is the newest of the list at `path`.
    `takes` maps the names that `--set` knows to fields of the body; `metadata` stands for `metadata.NAME`.
    """

    makes: str
    path: str
    body: Mapping[str, object] = field(default_factory=dict)
    takes: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    method: Literal["POST", "PATCH", "DELETE", "GET"] = "POST"


@dataclass(frozen=True, slots=True)
class Recipe:
    """The steps, and which values of a field lead to the event, where not all do.

    `patience_s` is how long the event may take after the last step: 0 where it is part of that, and otherwise
    on top of the seconds of the field `waits_for`. `needs_gone_endpoint`: an endpoint that answers 410.
    """

    steps: tuple[Step, ...]
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patience_s: float = 0
    waits_for: str | None = None
    needs_gone_endpoint: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What can be set, as it is typed."""
        known = dict.fromkeys(name for step in self.steps for name in step.takes)
        return tuple("metadata.NAME" if name == "metadata" else name for name in known)


AMOUNT: Final = 10_000
WHOLE_NUMBERS: Final = frozenset({"amount", "refund_amount", "payout_amount", "delay_s", "expires_in_s"})
"""Fields that are numbers; what is typed for others is text, whatever it looks like."""

_PAID_OUT: Final = 500
_HOLD_S: Final = 1
_ARRIVES_S: Final = 1
_PATIENCE_S: Final = 15.0
_PENDING_S: Final = 60
_ORDER: Final = ("amount", "currency", "description", "customer_email", "reference", "metadata")


def _payment(*also: str, **body: object) -> Step:
    takes = {name: name for name in (*_ORDER, *also)}
    return Step("payment", "/payments", {"amount": AMOUNT, **body}, takes)


_REFUND: Final = Step(
    "refund", "/payments/{payment}/refund", takes={"refund_amount": "amount", "reason": "reason"}
)
_LITTLE: Final = Step(
    "payment",
    "/payments",
    {"amount": 1, "capture_method": "manual"},
    {name: name for name in _ORDER if name != "amount"},
)
"""As little as can be held, so that any other amount is more."""
_INCREMENT: Final = Step("payment", "/payments/{payment}/increment", {"amount": AMOUNT}, {"amount": "amount"})
_CANCEL: Final = Step("payment", "/payments/{payment}/cancel")
_DISPUTED: Final = (
    _payment("simulate", simulate="dispute"),
    Step("dispute", "/disputes?limit=1&payment_id={payment}", method="GET"),
)
_DISPUTES: Final = {"simulate": tuple(name for name, row in SIMULATIONS.items() if row.dispute)}
_SAID: Final = ("description", "metadata")
_CUSTOMER: Final = Step(
    "customer",
    "/customers",
    {"name": "Hanako Yamada"},
    {name: name for name in ("name", "email", "phone", *_SAID)},
)
_CHANGE: Final = Step(
    "customer", "/customers/{customer}", {"description": "changed by kessai trigger"}, method="PATCH"
)
_RENEW: Final = Step("instrument", "/instruments/{instrument}", {"card": {"exp_year": 2034}}, method="PATCH")
_FORGET: Final = Step("customer", "/customers/{customer}", method="DELETE")
_DETACH: Final = Step("instrument", "/instruments/{instrument}/detach")
_PAYS, _ASKS, _DECLINES_ALL = "4242424242424242", "4000000000003220", "4000000000000002"


def _card(number: str, **names: str) -> Step:
    card = {"number": number, "exp_month": 12, "exp_year": 2030}
    return Step("instrument", "/instruments", {"type": "card", "card": card}, names=names)


_CUSTOMERS_CARD: Final = (_CUSTOMER, _card(_PAYS, customer_id="customer"))
_DEBIT: Final = Step("instrument", "/instruments", {"type": "bank_transfer"})


def _tried(kind: str, instrument: Step, *moves: str, **body: object) -> tuple[Step, ...]:
    """An instrument, an intent or a setup for it, and what is done to that."""
    takes = {name: name for name in (*(("amount", "currency") if kind == "intent" else ()), *_SAID)}
    made = Step(kind, f"/{kind}s", body, takes, names={"instrument_id": "instrument"})
    return instrument, made, *(Step(kind, f"/{kind}s/{{{kind}}}/{move}") for move in moves)


def _intent(instrument: Step, *moves: str, **body: object) -> Recipe:
    return Recipe(_tried("intent", instrument, *moves, amount=AMOUNT, **body))


def _setup(instrument: Step, *moves: str) -> Recipe:
    return Recipe(_tried("setup", instrument, *moves))


_EVIDENCE: Final = Step(
    "dispute",
    "/disputes/{dispute}/evidence",
    {"evidence": {"uncategorized_text": "The parcel was handed over."}},
)
_ACCEPT: Final = Step("dispute", "/disputes/{dispute}/accept")
_CANCEL_PAYOUT: Final = Step("payout", "/payouts/{payout}/cancel")


def _paid_out(*also: str, **body: object) -> tuple[Step, Step]:
    """A payment that can be paid out at once, and a payout of a part of it."""
    takes = {name: name for name in ("currency", "description", "metadata", *also)}
    payout = Step("payout", "/payouts", {"amount": _PAID_OUT, **body}, {"payout_amount": "amount", **takes})
    return _payment(simulate="available_at_once"), payout


_PROMPT: Final = tuple(name for name, row in SIMULATIONS.items() if row.answer is Delivery.PROMPT)
_DECLINES: Final = tuple(
    name
    for name in _PROMPT
    if isinstance(SIMULATIONS[name].verdict, Declined)
    and SIMULATIONS[name].course in {Course.AT_ONCE, Course.AFTER_TIMEOUT}
)

RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        "payment.created": Recipe((_payment("simulate"),), {"simulate": _PROMPT}),
        "payment.authorized": Recipe((_payment("expires_in_s", capture_method="manual"),)),
        "payment.incremented": Recipe((_LITTLE, _INCREMENT)),
        "payment.succeeded": Recipe((_payment(),)),
        "payment.failed": Recipe((_payment("simulate", simulate="card_declined"),), {"simulate": _DECLINES}),
        "payment.refunded": Recipe((_payment(), _REFUND)),
        "payment.canceled": Recipe((_payment(capture_method="manual"), _CANCEL)),
        "payment.expired": Recipe(
            (_payment("expires_in_s", capture_method="manual", expires_in_s=_HOLD_S),),
            patience_s=_PATIENCE_S,
            waits_for="expires_in_s",
        ),
        "payment.requires_action": Recipe((_payment(simulate="requires_action"),)),
        "refund.pending": Recipe(
            (_payment("delay_s", simulate="refund_failure", delay_s=_PENDING_S), _REFUND),
        ),
        "refund.failed": Recipe((_payment(simulate="refund_failure"), _REFUND)),
        "customer.created": Recipe((_CUSTOMER,)),
        "customer.updated": Recipe((_CUSTOMER, _CHANGE)),
        "customer.deleted": Recipe((_CUSTOMER, _FORGET)),
        "instrument.attached": Recipe(_CUSTOMERS_CARD),
        "instrument.updated": Recipe((*_CUSTOMERS_CARD, _RENEW)),
        "instrument.detached": Recipe((*_CUSTOMERS_CARD, _DETACH)),
        "intent.created": _intent(_card(_PAYS)),
        "intent.requires_action": _intent(_card(_ASKS), "confirm"),
        "intent.processing": _intent(_DEBIT, "confirm"),
        "intent.authorized": _intent(_card(_PAYS), "confirm", capture_method="manual"),
        "intent.succeeded": _intent(_card(_PAYS), "confirm"),
        "intent.failed": _intent(_card(_DECLINES_ALL), "confirm"),
        "intent.canceled": _intent(_card(_PAYS), "cancel"),
        "setup.created": _setup(_card(_PAYS)),
        "setup.requires_action": _setup(_card(_ASKS), "confirm"),
        "setup.succeeded": _setup(_card(_PAYS), "confirm"),
        "setup.failed": _setup(_card(_DECLINES_ALL), "confirm"),
        "setup.canceled": _setup(_card(_PAYS), "cancel"),
        "dispute.created": Recipe(_DISPUTED, _DISPUTES),
        "dispute.updated": Recipe((*_DISPUTED, _EVIDENCE), _DISPUTES),
        "dispute.closed": Recipe((*_DISPUTED, _ACCEPT), _DISPUTES),
        "payout.created": Recipe(_paid_out()),
        "payout.paid": Recipe(
            _paid_out("delay_s", delay_s=_ARRIVES_S), patience_s=_PATIENCE_S, waits_for="delay_s"
        ),
        "payout.canceled": Recipe((*_paid_out(), _CANCEL_PAYOUT)),
        "endpoint.disabled": Recipe((_payment(),), patience_s=_PATIENCE_S, needs_gone_endpoint=True),
    }
)
