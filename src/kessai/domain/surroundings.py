"""What belongs to the subject of an event and is no part of it, for bodies that show it all the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kessai.domain.payment import Payment
from kessai.domain.refund import Refund
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.values import value


@value(frozen=True, slots=True)
class Surroundings:
    """An intent's `payments`, the `refunds` of these or of a payment, a customer's `instruments`.

    The newest are first, and none is newer than the event. They are as they stand when they are looked at,
    but for what the event itself tells of.
    """

    payments: Sequence[Payment] = ()
    refunds: Sequence[Refund] = ()
    instruments: Sequence[SavedInstrument] = ()


Look = Callable[[], Surroundings]
"""Looks around one event. Most bodies need no such look, which costs a read or two."""


def no_look() -> Surroundings:
    """For bodies that need none: there is nothing to be seen."""
    return Surroundings()
