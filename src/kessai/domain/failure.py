"""Why a try failed, in words that a merchant acts on."""

from __future__ import annotations

from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class Failure:
    """A decline, or an authentication that failed. `decline_code` is the issuer's own reason, if it gave one.

    `error_code` is the core's own word for it, as a payment has it. `was_sent`: the issuer was asked. `param`
    names the field at fault, `instrument` is what was to pay.
    """

    code: str
    message: str
    decline_code: str | None = None
    error_code: str | None = None
    param: str | None = None
    is_card_error: bool = True
    was_sent: bool = True
    instrument: SavedInstrument | None = None
