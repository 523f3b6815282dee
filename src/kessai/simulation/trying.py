"""What comes of trying to be paid with a saved instrument, and what is settled before the bank is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from kessai.domain.failure import Failure
from kessai.domain.instrument import PAID_WITH_SLIP, Instrument, InstrumentType
from kessai.domain.outcome import Declined, Outcome
from kessai.domain.payment import Payment
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.values import value
from kessai.simulation.account_table import SLIP_LAPSED, SLIP_LASTS
from kessai.simulation.accounts import conduct
from kessai.simulation.decide import decide
from kessai.simulation.instruments import (
    OTHER_METHODS,
    Authentication,
    PublishedInstrument,
    Refusal,
    authentication_refused,
    by_name,
    challenge_needed,
    simulate_for,
)
from kessai.simulation.table import (
    AUTHENTICATION_DECLINED,
    DEFAULT,
    DEFAULT_DELAY,
    SIMULATIONS,
    UNPAID,
    Course,
)

AUTHENTICATION_REQUIRED: Final = Declined(
    "AUTHENTICATION_REQUIRED", "The issuer wants the payer to prove who they are."
)
ACTION_REFUSED: Final = Declined("ACTION_REFUSED", "The payer has to act, which was not to be asked of them.")
_ACTION_REFUSED: Final = Failure(
    code="payment_intent_action_required",
    error_code=ACTION_REFUSED.code,
    message="This payment method needs its payer to act, and this payment was to do without that.",
    is_card_error=False,
    was_sent=False,
)
_FAILED_AUTHENTICATION: Final = Failure(
    code="payment_intent_authentication_failure",
    error_code=AUTHENTICATION_DECLINED.code,
    message="The payer could not prove who they are. Try again, or with another payment method.",
    is_card_error=False,
    was_sent=False,
)

_INCREMENTING: Final = frozenset({"visa", "mastercard", "amex", "discover"})
"""The brands whose holds can be raised, whatever the merchant sells.

Source: Stripe, "Increment an authorization", read 2026-11-26; some others do it for some trades.
"""
_INCREMENT_DECLINED: Final = Failure(
    code="card_declined", decline_code="generic_decline", message="Your card was declined."
)


@value(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a merchant wants to be paid.

    `off_session`: the payer is not there. `challenge` is when they are to prove who they are: "automatic",
    "any" or "challenge". `refuses_action`: rather not at all than by asking them. `wants_increments`: what is
    held is to be raised where the card allows it. `slip_lasts`: how long a slip may be paid, if it was said.
    """

    off_session: bool = False
    challenge: str = "automatic"
    refuses_action: bool = False
    wants_increments: bool = False
    slip_lasts: timedelta | None = None


@value(frozen=True, slots=True, kw_only=True)
class Trial:
    """A try that can begin. `refusal` settles it at once; `failure` is why it will fail, if it does now."""

    simulate: str
    instrument: Instrument
    delay: timedelta | None = None
    refusal: Declined | None = None
    failure: Failure | None = None


def trial_of(instrument: SavedInstrument, terms: Terms) -> Trial:
    """How a bank takes an instrument on these terms."""
    if instrument.card is None:
        return _other(instrument, terms)
    card = instrument.card
    row = _row(card.published)
    kept = Instrument(InstrumentType.CARD, card.brand, card.last4)
    is_set_up = instrument.is_set_up
    is_refused = authentication_refused(row, off_session=terms.off_session, is_set_up=is_set_up)
    is_challenged = challenge_needed(
        row, off_session=terms.off_session, is_set_up=is_set_up, wanted=terms.challenge
    )
    if is_refused or (is_challenged and terms.refuses_action):
        failure = Failure(
            code="authentication_required",
            decline_code="authentication_required",
            error_code=AUTHENTICATION_REQUIRED.code,
            message="Your card was declined. This transaction requires authentication.",
            instrument=instrument,
        )
        return Trial(simulate=DEFAULT, instrument=kept, refusal=AUTHENTICATION_REQUIRED, failure=failure)
    simulate = simulate_for(row, challenged=is_challenged)
    return Trial(
        simulate=simulate, instrument=kept, failure=None if is_challenged else _declined(row, instrument)
    )


def outcome_of(trial: Trial) -> Outcome:
    """What the bank says: a refusal that is settled already, or what the simulation decides."""
    if trial.refusal is not None:
        return trial.refusal
    return decide(trial.simulate, trial.instrument, trial.delay).outcome


def refused_at_attach(instrument: SavedInstrument) -> Failure | None:
    """Why the issuer does not let it become a customer's; None if it does."""
    row = _row(instrument.card.published) if instrument.card else None
    return _declined(row, instrument) if row is not None and row.refuses_at_attach else None


def failure_of(payment: Payment) -> Failure:
    """Why a payment that was not decided at once has failed in the end."""
    instrument, kept = payment.charge_details.instrument, payment.order.instrument
    if payment.error_code == AUTHENTICATION_DECLINED.code:
        return replace(_FAILED_AUTHENTICATION, instrument=instrument)
    refused = _refused(instrument) if instrument else None
    if refused is not None:
        return replace(refused, error_code=payment.error_code)
    if payment.error_code == UNPAID.code and kept is not None and kept.type in PAID_WITH_SLIP:
        return replace(_failure(SLIP_LAPSED, instrument), error_code=UNPAID.code)
    said = Declined(payment.error_code or "", payment.error_message or "The payment failed.")
    return _unexplained(said, instrument)


def may_increment(instrument: SavedInstrument, terms: Terms) -> bool:
    """Whether what is held of an instrument on these terms can be raised."""
    is_provided = instrument.card is not None and instrument.card.brand in _INCREMENTING
    return terms.wants_increments and is_provided


def increment_failure(payment: Payment) -> Failure:
    """Why a higher hold was declined."""
    instrument = payment.details.instrument if payment.details else None
    row = _row(instrument.card.published) if instrument and instrument.card else None
    said = row.increment if row else None
    return _failure(said, instrument) if said and instrument else _INCREMENT_DECLINED


def _refused(instrument: SavedInstrument) -> Failure | None:
    """How its bank, or its payer, says no; None if they do not."""
    if instrument.card is not None:
        return _declined(_row(instrument.card.published), instrument)
    said = conduct(instrument.conduct).failure
    return None if said is None else _failure(said, instrument)


def _other(instrument: SavedInstrument, terms: Terms) -> Trial:
    """A method whose payer approves on a page needs them there, unless it was set up."""
    if instrument.simulate is not None:
        kind, verdict = InstrumentType(instrument.type), SIMULATIONS[instrument.simulate].verdict
        said = _unexplained(verdict, instrument) if isinstance(verdict, Declined) else None
        return Trial(simulate=instrument.simulate, instrument=Instrument(kind), failure=said)
    method = OTHER_METHODS[instrument.type]
    kept = Instrument(method.kind)
    if method.kind in PAID_WITH_SLIP:
        return _with_slip(instrument, method.simulate, kept, terms)
    if method.course is Course.AFTER_DELAY:
        known = conduct(instrument.conduct)
        simulate = method.simulate if known.failure is None else "pending_failure"
        return Trial(simulate=simulate, instrument=kept, delay=known.delay)
    if method.course is Course.AT_ONCE:
        return Trial(simulate=method.simulate, instrument=kept)
    if terms.off_session and instrument.is_set_up:
        return Trial(simulate=DEFAULT, instrument=kept)
    if terms.off_session or terms.refuses_action:
        return _refused_action(instrument, kept)
    return Trial(simulate=method.simulate, instrument=kept)


def _with_slip(instrument: SavedInstrument, simulate: str, kept: Instrument, terms: Terms) -> Trial:
    """Its payer goes to the store after a while, unless it has lapsed by then."""
    if terms.refuses_action:
        return _refused_action(instrument, kept)
    known, lasts = conduct(instrument.conduct), terms.slip_lasts or SLIP_LASTS
    comes_after = DEFAULT_DELAY if known.delay is None else known.delay
    is_paid = known.failure is None and comes_after <= lasts
    return Trial(
        simulate=simulate if is_paid else "pending_failure",
        instrument=kept,
        delay=min(comes_after, lasts),
    )


def _refused_action(instrument: SavedInstrument, kept: Instrument) -> Trial:
    failure = replace(_ACTION_REFUSED, instrument=instrument)
    return Trial(simulate=DEFAULT, instrument=kept, refusal=ACTION_REFUSED, failure=failure)


def _row(name: str) -> PublishedInstrument:
    found = by_name(name)
    if found is None:
        raise LookupError(f"no published card is called {name}")
    return found


def _declined(row: PublishedInstrument, instrument: SavedInstrument) -> Failure | None:
    if row.decline is None:
        return None
    verdict = SIMULATIONS[simulate_for(row, challenged=False)].verdict
    said = _failure(row.decline, instrument)
    return replace(said, error_code=verdict.code) if isinstance(verdict, Declined) else said


def _failure(said: Refusal, instrument: SavedInstrument | None) -> Failure:
    return Failure(
        code=said.code,
        decline_code=said.decline_code,
        message=said.message,
        param=said.param,
        instrument=instrument,
    )


def _unexplained(said: Declined, instrument: SavedInstrument | None) -> Failure:
    """A decline for which no card has words of its own."""
    return Failure(
        code="payment_intent_payment_attempt_failed",
        error_code=said.code or None,
        message=said.message,
        instrument=instrument,
    )


# Setting up, where no money moves

SETUP_AUTHENTICATION_FAILED: Final = Failure(
    code="setup_intent_authentication_failure",
    error_code=AUTHENTICATION_DECLINED.code,
    message="The payer could not prove who they are. Try again, or with another payment method.",
    is_card_error=False,
    was_sent=False,
)


def setup_challenged(instrument: SavedInstrument, challenge: str) -> bool:
    """Whether the payer is asked before an instrument is set up; `challenge` is as in `Terms`."""
    if instrument.card is None:
        return instrument.simulate is None and OTHER_METHODS[instrument.type].course is Course.AFTER_ACTION
    row = _row(instrument.card.published)
    return challenge_needed(row, off_session=False, is_set_up=instrument.is_set_up, wanted=challenge)


def setup_failure(instrument: SavedInstrument, *, is_proven: bool = True) -> Failure | None:
    """Why an instrument cannot be set up; None when it can. `is_proven`: a payer who was asked proved it.

    A card that only declines payments is set up all the same, unless its issuer wants a proof for each.
    """
    if not is_proven:
        return replace(SETUP_AUTHENTICATION_FAILED, instrument=instrument)
    row = _row(instrument.card.published) if instrument.card else None
    if row is None:
        return None
    is_declined = row.refuses_at_attach or row.authentication is Authentication.REQUIRED
    return _declined(row, instrument) if is_declined else None
