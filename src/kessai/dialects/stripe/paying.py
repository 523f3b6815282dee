"""What is to pay: a saved instrument, one of Stripe's test names, or a card that is given in the request.

Source: Stripe, "Testing", read 2026-11-20. Each use of a name such as `pm_card_visa` makes a payment method
of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from kessai.dialects.stripe.amounts import currency_of
from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError, card_error, missing, not_simulated, required
from kessai.dialects.stripe.facts import address_of, given_of, masked, metadata_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.payment_method import instrument_id
from kessai.dialects.stripe.type_facts import facts_of_type, number_of, test_account
from kessai.domain.confirmation_token import ConfirmationToken
from kessai.domain.document import Document
from kessai.domain.intent import Intent
from kessai.domain.saved_instrument import SavedCard, SavedInstrument
from kessai.domain.setup import Setup
from kessai.domain.token import Token
from kessai.domain.values import value
from kessai.http.call import Call
from kessai.simulation.accounts import account_named, conduct_of, iban_valid
from kessai.simulation.instruments import (
    OTHER_METHODS,
    CardProblem,
    PublishedInstrument,
    by_name,
    by_number,
    card_problem,
    expiry_problem,
    kept_card,
)

_CARD_NAME: Final = "pm_card_"
_ACCOUNT_NAME: Final = "pm_"
_TOKEN_NAME: Final = "tok_"  # noqa: S105 - how a test token's name begins
_DEFAULT_EXPIRY_YEARS: Final = 1
_FEW_DIGITS: Final = re.compile(r"[0-9]{1,4}")
_OLDER: Final = {
    "city": "city",
    "country": "country",
    "line1": "line1",
    "line2": "line2",
    "postal_code": "zip",
    "state": "state",
}
"""The members of an address, and what follows `address_` in their older names."""


@value(frozen=True, slots=True)
class Pick:
    """An instrument that a request named or described. `is_new`: it is not saved yet.

    `spent` is to be saved with it: the token that it was made of, used up.
    """

    instrument: SavedInstrument
    is_new: bool = True
    spent: tuple[Document, ...] = ()


async def instrument_of(
    call: Call, given: Given, token: ConfirmationToken | None = None
) -> tuple[SavedInstrument | None, tuple[Document, ...]]:
    """The instrument that a request names or describes, and what is to be saved with it when it is new.

    That of its confirmation `token`, if it has one and says nothing itself.

    Raises:
        StripeError: there is none such, or it cannot be one.
    """
    name = given.get("payment_method")
    if name:
        instrument, is_new = await named(call, name, param="payment_method")
        return instrument, (instrument,) if is_new else ()
    data = given.get("payment_method_data")
    if not data:
        return (None, ()) if token is None else await _of_token(call, token)
    pick = await picked(call, data, param="payment_method_data")
    return pick.instrument, (pick.instrument, *pick.spent)


async def _of_token(
    call: Call, token: ConfirmationToken
) -> tuple[SavedInstrument | None, tuple[Document, ...]]:
    if not token.is_saved:
        return token.instrument, (token.instrument,)
    instrument, _ = await named(call, instrument_id(token.instrument), param="confirmation_token")
    return instrument, ()


def is_made(instrument: SavedInstrument, made: tuple[Document, ...]) -> bool:
    """Whether an instrument is one of what is to be saved."""
    return any(each is instrument for each in made)


def spent_of(instrument: SavedInstrument, made: tuple[Document, ...]) -> tuple[Document, ...]:
    """What is to be saved beside an instrument: what it was made of."""
    return tuple(each for each in made if each is not instrument)


async def named(call: Call, name: str, *, param: str) -> tuple[SavedInstrument, bool]:
    """The instrument of this id, or a new one if it is one of Stripe's test names."""
    new = by_test_name(call, name)
    if new is not None:
        return new, True
    found: SavedInstrument | None = await find(call, "payment_method", name)
    if found is None:
        raise missing("PaymentMethod", name, param=param)
    return _usable(found, param), False


async def kept_by(
    call: Call, known: Intent | Setup, instrument: SavedInstrument | None
) -> SavedInstrument | None:
    """The instrument that is given, else the one that an intent or a setup has, if any.

    Raises:
        StripeError: that was used, or detached, since.
    """
    if instrument is not None or known.instrument_id is None:
        return instrument
    kept = await call.services.instruments.get(call.merchant.id, known.instrument_id)
    return _usable(kept, "payment_method")


def _usable(instrument: SavedInstrument, param: str) -> SavedInstrument:
    if instrument.is_detached:
        raise may_not_pay(param)
    return instrument


def may_not_pay(param: str | None) -> StripeError:
    """The refusal of an instrument that was used, or detached."""
    return StripeError(
        "This PaymentMethod has paid without being attached to a Customer, or was detached from one, and may "
        "not be used again. To use one more than once, attach it to a Customer first.",
        param=param,
    )


def by_test_name(call: Call, name: str) -> SavedInstrument | None:
    """A new instrument, if this is one of the names of test cards and accounts."""
    row = by_name(name.removeprefix(_CARD_NAME)) if name.startswith(_CARD_NAME) else None
    if row is not None:
        return of_row(call, row, {})
    account = account_named(name.removeprefix(_ACCOUNT_NAME)) if name.startswith(_ACCOUNT_NAME) else None
    if account is None:
        return None
    data = {"type": account.type, account.type: test_account(account.type, account.number)}
    return described(call, data, param="payment_method")


async def picked(call: Call, data: Given, *, param: str = "") -> Pick:
    """A new instrument by the description of one, whose card may be a token's.

    `param` is the parameter that described it, nothing if that was the request as a whole.

    Raises:
        StripeError: as `described`, or the token is none or used.
    """
    name = _token_of(data)
    if name is None:
        return Pick(described(call, data, param=param))
    within = f"{_within(param, 'card')}[token]"
    pick = await by_token(call, name, form="instrument", param=within)
    facts = _facts(data)
    # Who is billed was said to the token already, unless it is said now.
    billing = facts.pop("billing") or pick.instrument.billing
    return replace(pick, instrument=replace(pick.instrument, **facts, billing=billing))


async def by_token(call: Call, name: str, *, form: str, param: str) -> Pick:
    """A new instrument by the id of a token, or by one of the names of test tokens.

    Raises:
        StripeError: there is no such token, or it was used.
    """
    row = by_name(name.removeprefix(_TOKEN_NAME)) if name.startswith(_TOKEN_NAME) else None
    if row is not None:
        return Pick(of_row(call, row, {"form": form}))
    token: Token | None = await find(call, "token", name)
    if token is None:
        raise missing("token", name, param=param)
    if token.is_used:
        raise StripeError(
            f"You cannot use a Stripe token more than once: {name}.", param=param, code="token_already_used"
        )
    return Pick(replace(token.instrument, form=form), spent=(token.used(at=call.now),))


def typed(call: Call, card: Given, *, form: str, param: str) -> SavedInstrument:
    """A new instrument by a card in older words: its holder's name and address are among its members.

    Raises:
        StripeError: it is none.
    """
    if card.get("currency"):
        currency_of(card["currency"], param=f"{param}[currency]")
    given = {**card, "exp_month": whole(card.get("exp_month")), "exp_year": whole(card.get("exp_year"))}
    facts = {
        "form": form,
        "billing": older_billing(card, {}),
        "metadata": metadata_of(card, {}),
        "details": {"currency": card["currency"]} if card.get("currency") else {},
    }
    return of_row(call, _row_of(call, given, param=param), facts, given)


def renewed(card: SavedCard, month: int | None, year: int | None, *, today: date) -> SavedCard:
    """A card with another expiry. `year` is a full year.

    Raises:
        StripeError: that is past, or no month.
    """
    problem = expiry_problem(month, year, today=today)
    if problem is not None:
        raise _card_error(problem)
    return replace(card, exp_month=month or card.exp_month, exp_year=year or card.exp_year)


def older_billing(card: Given, known: Mapping[str, Any]) -> dict[str, Any]:
    """Who is billed, in older words; what is not given stays as it is known."""
    billing = {**known, **given_of(card, "name")}
    given = {name: card[f"address_{older}"] for name, older in _OLDER.items() if f"address_{older}" in card}
    if given:
        billing["address"] = address_of({**(known.get("address") or {}), **given})
    return billing


def described(call: Call, data: Given, *, param: str) -> SavedInstrument:
    """A new instrument by the description of one.

    Raises:
        StripeError: its card is none, or kessai does not simulate its type.
    """
    facts = _facts(data)
    kind = data.get("type", "card")
    if kind == "card":
        card, within = data.get("card"), _within(param, "card")
        if not card:
            raise required(within)
        return of_row(call, _row_of(call, card, param=within), facts, card)
    if kind not in OTHER_METHODS:
        raise not_simulated(f"The payment method type {kind}", param=_within(param, "type"))
    given = data.get(kind) or {}
    if given.get("iban") and not iban_valid(number_of(given)):
        raise StripeError(
            "The IBAN you provided is invalid.",
            param=f"{_within(param, kind)}[iban]",
            code="account_number_invalid",
        )
    more = {
        "type": kind,
        "conduct": conduct_of(kind, number_of(given), facts["billing"].get("email")),
        "details": {**facts["details"], kind: facts_of_type(kind, given)},
    }
    return _made(call, {**facts, **more})


def of_row(
    call: Call, row: PublishedInstrument, facts: dict[str, Any], card: Given | None = None
) -> SavedInstrument:
    """A new instrument that is one of the published test cards."""
    kept = saved_card(row, call.now, card or {})
    return _made(call, {**facts, "type": "card", "card": kept})


def _made(call: Call, facts: Mapping[str, Any]) -> SavedInstrument:
    return call.services.instruments.make(call.merchant.id, {**facts, "pays_once": True}, at=call.now)


def saved_card(row: PublishedInstrument, now: datetime, given: Given) -> SavedCard:
    """What is kept of a published test card, with what a request said of it."""
    return kept_card(
        row,
        given.get("exp_month") or now.month,
        full_year(given.get("exp_year") or now.year + _DEFAULT_EXPIRY_YEARS),
        has_cvc="number" not in given or bool(given.get("cvc")),
    )


def billing_of(given: Any) -> dict[str, Any]:
    """Who is billed."""
    if not given:
        return {}
    kept: dict[str, Any] = masked({**given})
    if given.get("address"):
        kept["address"] = address_of(given["address"])
    return kept


def _row_of(call: Call, card: Given, *, param: str) -> PublishedInstrument:
    token = card.get("token")
    if token:
        row = by_name(token.removeprefix(_TOKEN_NAME)) if token.startswith(_TOKEN_NAME) else None
        if row is None:
            raise missing("token", token, param=f"{param}[token]")
        return row
    number = "".join(str(card.get("number", "")).split()).replace("-", "")
    problem = card_problem(
        number,
        card.get("exp_month"),
        full_year(card.get("exp_year")),
        card.get("cvc"),
        today=call.now.date(),
    )
    if problem is not None:
        raise _card_error(problem)
    found = by_number(number)
    if found is None:
        raise missing("card", "", param=param)
    return found


def _card_error(problem: CardProblem) -> StripeError:
    return card_error(problem.code, problem.message, decline_code=problem.decline_code, param=problem.param)


def _facts(data: Given) -> dict[str, Any]:
    """What is kept of an instrument of whatever type."""
    return {
        "billing": billing_of(data.get("billing_details")),
        "metadata": metadata_of(data, {}),
        "details": {"allow_redisplay": data.get("allow_redisplay") or "unspecified"},
    }


def _token_of(data: Given) -> str | None:
    """The id of a token in a description; None where there is none, or one of the names of test tokens."""
    token: str | None = (data.get("card") or {}).get("token") if data.get("type", "card") == "card" else None
    is_name = token is not None and by_name(token.removeprefix(_TOKEN_NAME)) is not None
    return None if is_name else token


def _within(param: str, name: str) -> str:
    return f"{param}[{name}]" if param else name


def whole(given: Any) -> int | None:
    """A month or a year, which tokens take as text; None if it is neither."""
    if isinstance(given, int):
        return given
    return int(given) if isinstance(given, str) and _FEW_DIGITS.fullmatch(given) else None


def full_year(year: Any) -> Any:
    """A year of two digits is one of this century."""
    return year + 2000 if isinstance(year, int) and 0 <= year < 100 else year
