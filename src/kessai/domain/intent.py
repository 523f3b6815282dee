"""An intent: what is to be paid, over as many payments as it takes. Each try is a payment of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final

from kessai.domain.charge import ChargeDetails
from kessai.domain.document import Document
from kessai.domain.errors import TransitionNotAllowedError
from kessai.domain.failure import Failure
from kessai.domain.instrument import Slip
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod, Payment
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.transitions import Status
from kessai.domain.values import value


class IntentStatus(StrEnum):
    """What an intent waits for, until it is SUCCEEDED or CANCELED."""

    REQUIRES_INSTRUMENT = "REQUIRES_INSTRUMENT"
    REQUIRES_CONFIRMATION = "REQUIRES_CONFIRMATION"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    PROCESSING = "PROCESSING"
    AUTHORIZED = "AUTHORIZED"
    SUCCEEDED = "SUCCEEDED"
    CANCELED = "CANCELED"


class ConfirmationMethod(StrEnum):
    """Who finalizes a payment whose payer has proved who they are: nobody has to, or the merchant has."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class IntentAction(StrEnum):
    """What a merchant may ask of an intent."""

    UPDATE = "update"
    REVISE = "revise"
    CONFIRM = "confirm"
    INCREMENT = "increment"
    CAPTURE = "capture"
    CANCEL = "cancel"


_WAITING: Final = frozenset(
    {IntentStatus.REQUIRES_INSTRUMENT, IntentStatus.REQUIRES_CONFIRMATION, IntentStatus.REQUIRES_ACTION}
)

_OF_TRIES: Final = (
    *("books_later", "receipt_email", "shipping", "statement_descriptor"),
    *("statement_descriptor_suffix", "transfer_group"),
)
"""What a dialect was told of an intent that each of its tries keeps as well."""

ALLOWED: Final[Mapping[IntentAction, frozenset[IntentStatus]]] = MappingProxyType(
    {
        IntentAction.UPDATE: frozenset(IntentStatus) - {IntentStatus.CANCELED},
        IntentAction.REVISE: _WAITING,
        IntentAction.CONFIRM: _WAITING,
        IntentAction.INCREMENT: frozenset({IntentStatus.AUTHORIZED}),
        IntentAction.CAPTURE: frozenset({IntentStatus.AUTHORIZED}),
        IntentAction.CANCEL: _WAITING | {IntentStatus.AUTHORIZED},
    }
)
"""From where each may be asked. To revise is to change what is to be paid, by whom and with what."""
_MOVES: Final = (IntentAction.CONFIRM, IntentAction.CAPTURE, IntentAction.CANCEL)

AFTER: Final[Mapping[Status, IntentStatus]] = MappingProxyType(
    {
        Status.CREATED: IntentStatus.PROCESSING,
        Status.REQUIRES_ACTION: IntentStatus.REQUIRES_ACTION,
        Status.PENDING: IntentStatus.PROCESSING,
        Status.AUTHORIZED: IntentStatus.AUTHORIZED,
        Status.CAPTURED: IntentStatus.SUCCEEDED,
        Status.REFUNDED: IntentStatus.SUCCEEDED,
        Status.FAILED: IntentStatus.REQUIRES_INSTRUMENT,
        Status.VOIDED: IntentStatus.CANCELED,
        Status.EXPIRED: IntentStatus.CANCELED,
    }
)
"""Where an intent stands by where its latest payment does. A decline leaves it open for another try.

A PENDING payment whose payer has a slip waits for the payer, not for the bank: the intent REQUIRES_ACTION.
"""


@value(frozen=True, slots=True, kw_only=True)
class Intent(Document):
    """What a merchant wants to be paid. `payment_id` is the latest try, `captured` what came of it.

    `charged_id` is the latest try that an issuer was asked about, with an instrument of `charged_type`.

    `is_proved`: the payer of the latest try has proved who they are; the merchant is to confirm once more.

    `slip` is what the payer was given by the latest try and has still to pay, elsewhere.

    `saves_instrument`: what pays is to be good for payments to come. `error` is why the latest try failed.
    `checkout_id` is the session whose payer it is for. `details` are what a dialect was told of it and shows
    again, which no rule looks at.
    """

    kind: ClassVar[str] = "intent"

    amount: Money
    capture_method: CaptureMethod
    status: IntentStatus
    confirmation_method: ConfirmationMethod = ConfirmationMethod.AUTOMATIC
    is_proved: bool = False
    slip: Slip | None = None
    saves_instrument: bool = False
    customer_id: str | None = None
    instrument_id: str | None = None
    instrument_form: str = "instrument"
    charged_id: str | None = None
    charged_type: str = "card"
    payment_id: str | None = None
    captured: Money
    description: str | None = None
    error: Failure | None = None
    checkout_id: str | None = None
    canceled_at: datetime | None = None
    cancellation_reason: str | None = None
    metadata: Mapping[str, str]
    details: Mapping[str, Any]

    @property
    def owner_id(self) -> str | None:
        return self.customer_id

    def require(self, action: IntentAction) -> None:
        """Raise TransitionNotAllowedError unless this may be asked of it now."""
        if self.status not in ALLOWED[action]:
            raise TransitionNotAllowedError(
                action=action.value,
                status=self.status.value,
                allowed=[each.value for each in _MOVES if self.status in ALLOWED[each]],
                subject="an intent",
            )

    @property
    def tried_for(self) -> tuple[object, ...]:
        """What a try goes by: one that is under way is of no use for anything else."""
        return self.amount, self.capture_method, bool(self.details.get("books_later"))

    def details_of_try(self, instrument: SavedInstrument, **facts: Any) -> ChargeDetails:
        """What is kept with a try with this instrument; `facts` are fields of it besides."""
        told = {name: self.details[name] for name in _OF_TRIES if name in self.details}
        return ChargeDetails(
            instrument=instrument,
            customer_id=self.customer_id,
            description=self.description,
            metadata=self.metadata,
            billing=instrument.billing,
            **told,
            **facts,
        )

    def after(self, payment: Payment, *, at: datetime, error: Failure | None = None) -> Intent:
        """As it stands once its latest try stands like this. A version of it that is new stays the first."""
        slip = payment.slip
        status = AFTER[payment.status] if slip is None else IntentStatus.REQUIRES_ACTION
        has_failed = status is IntentStatus.REQUIRES_INSTRUMENT
        facts: dict[str, Any] = {
            "status": status,
            "payment_id": payment.id,
            "amount": payment.order.amount,
            "captured": payment.captured,
            "is_proved": False,
            "slip": slip,
            "error": error if has_failed else None,
            "instrument_id": None if has_failed else self.instrument_id,
        }
        if status is not IntentStatus.REQUIRES_ACTION and (error is None or error.was_sent):
            instrument = payment.order.instrument
            facts |= {
                "charged_id": payment.id,
                "charged_type": instrument.type.value if instrument else self.charged_type,
            }
        if status is IntentStatus.CANCELED:
            lapsed = "automatic" if payment.status is Status.EXPIRED else None
            facts |= {"canceled_at": at, "cancellation_reason": self.cancellation_reason or lapsed}
        return replace(self, updated_at=max(at, self.updated_at), **facts)
