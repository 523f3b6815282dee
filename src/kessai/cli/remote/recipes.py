"""How each event is brought about: requests in order, as data. To add an event is to add a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from kessai.domain.outcome import Declined
from kessai.simulation.table import SIMULATIONS, Course, Delivery


@dataclass(frozen=True, slots=True)
class Step:
    """One POST and what it makes. `{payment}` in `path` is the id of the payment made before.

    `takes` maps the names that `--set` knows to fields of the body; `metadata` stands for `metadata.NAME`.
    """

    makes: str
    path: str
    body: Mapping[str, object] = field(default_factory=dict)
    takes: Mapping[str, str] = field(default_factory=dict)


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
WHOLE_NUMBERS: Final = frozenset({"amount", "refund_amount", "delay_s", "expires_in_s"})
"""Fields that are numbers; what is typed for others is text, whatever it looks like."""

_HOLD_S: Final = 1
_PATIENCE_S: Final = 15.0
_PENDING_S: Final = 60
_ORDER: Final = ("amount", "currency", "description", "customer_email", "reference", "metadata")


def _payment(*also: str, **body: object) -> Step:
    takes = {name: name for name in (*_ORDER, *also)}
    return Step("payment", "/payments", {"amount": AMOUNT, **body}, takes)


_REFUND: Final = Step(
    "refund", "/payments/{payment}/refund", takes={"refund_amount": "amount", "reason": "reason"}
)
_CANCEL: Final = Step("payment", "/payments/{payment}/cancel")
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
        "endpoint.disabled": Recipe((_payment(),), patience_s=_PATIENCE_S, needs_gone_endpoint=True),
    }
)
