"""The wire shapes of what may take several tries: intents and setups."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from kessai.dialects.native.schemas import (
    Amount,
    Currency,
    Id,
    In,
    ListQuery,
    Metadata,
    NextActionOut,
    Patch,
    page_of,
    text,
)
from kessai.domain.intent import ConfirmationMethod, IntentStatus
from kessai.domain.payment import CaptureMethod
from kessai.domain.setup import SetupStatus
from kessai.http.routes import Out

_Description = Annotated[str, text(500)]


class IntentIn(In):
    """What is to be paid, over as many tries as it takes."""

    amount: Amount
    currency: Currency | None = None
    capture_method: Literal["automatic", "manual"] = "automatic"
    confirmation_method: Literal["automatic", "manual"] = Field(
        "automatic", description="With `manual`, you confirm once more when the payer has proved who they are"
    )
    customer_id: Id | None = Field(None, description="Who is to pay; whose the instrument is when left out")
    instrument_id: Id | None = Field(None, description="What is to pay; it may be named with each try")
    description: _Description | None = None
    metadata: Metadata = Field(default_factory=dict)


class IntentPatch(Patch):
    """What is sent is changed, `metadata` as a whole; `description` null removes it."""

    amount: Amount = 0
    capture_method: Literal["automatic", "manual"] = "automatic"
    customer_id: Id = ""
    instrument_id: Id = ""
    description: _Description | None = None
    metadata: Metadata = Field(default_factory=dict)


class TryIn(In):
    """One try."""

    instrument_id: Id | None = Field(
        None, description="What pays; else the one it has, else its customer's default"
    )


class IntentTryIn(TryIn):
    """One try to be paid."""

    off_session: bool = Field(False, description="The payer is not there to prove who they are")


class IntentQuery(ListQuery):
    """Filters of the list of intents."""

    customer_id: Id | None = Field(None, description="Only those of this customer")


class SetupIn(In):
    """An instrument that is to be made ready for payments without its payer."""

    customer_id: Id | None = Field(None, description="Whose it is to be; whose it is when left out")
    instrument_id: Id | None = Field(None, description="What is to be set up; may be named with each try")
    description: _Description | None = None
    metadata: Metadata = Field(default_factory=dict)


class SetupQuery(ListQuery):
    """Filters of the list of setups."""

    customer_id: Id | None = Field(None, description="Only those of this customer")


class IntentOut(Out):
    """An intent as it stands. `payment_id` is its latest try, `error_code` why that failed."""

    id: str
    amount: int
    currency: str
    status: IntentStatus
    capture_method: CaptureMethod
    confirmation_method: ConfirmationMethod
    captured_amount: int
    customer_id: str | None
    instrument_id: str | None
    payment_id: str | None
    description: str | None
    metadata: dict[str, str]
    error_code: str | None
    error_message: str | None
    next_action: NextActionOut | None
    created_at: datetime
    updated_at: datetime
    canceled_at: datetime | None


class SetupOut(Out):
    """A setup as it stands. `error_code` is why its latest try failed."""

    id: str
    status: SetupStatus
    customer_id: str | None
    instrument_id: str | None
    description: str | None
    metadata: dict[str, str]
    error_code: str | None
    error_message: str | None
    next_action: NextActionOut | None
    created_at: datetime
    updated_at: datetime
    canceled_at: datetime | None


IntentPage: Final = page_of(IntentOut, "IntentPage")
SetupPage: Final = page_of(SetupOut, "SetupPage")
