"""What is to pay: a saved instrument, one of Stripe's test names, or a card that is given in the request.

Source: Stripe, "Testing", read 2026-11-20. Each use of a name such as `pm_card_visa` makes a payment method
of its own.
"""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError, card_error, missing, not_simulated
from kessai.dialects.stripe.facts import address_of, masked
from kessai.dialects.stripe.kinds import find
from kessai.domain.saved_instrument import SavedCard, SavedInstrument
from kessai.http.call import Call
from kessai.simulation.instruments import (
    OTHER_METHODS,
    PublishedInstrument,
    by_name,
    by_number,
    card_problem,
    fingerprint,
)

_CARD_NAME: Final = "pm_card_"
_TOKEN_NAME: Final = "tok_"  # noqa: S105 - how a test token's name begins
_DEFAULT_EXPIRY_YEARS: Final = 1


async def instrument_of(call: Call, given: Given) -> tuple[SavedInstrument | None, bool]:
    """The instrument that a request names or describes, and whether it is new and to be kept.

    Raises:
        StripeError: there is none such, or it cannot be one.
    """
    name = given.get("payment_method")
    if name:
        return await named(call, name, param="payment_method")
    data = given.get("payment_method_data")
    return (described(call, data, param="payment_method_data"), True) if data else (None, False)


async def named(call: Call, name: str, *, param: str) -> tuple[SavedInstrument, bool]:
    """The instrument of this id, or a new one if it is the name of a test card."""
    if name.startswith(_CARD_NAME):
        row = by_name(name.removeprefix(_CARD_NAME))
        if row is not None:
            return of_row(call, row, {}), True
    found: SavedInstrument | None = await find(call, "payment_method", name)
    if found is None:
        raise missing("PaymentMethod", name, param=param)
    if found.is_detached:
        raise StripeError(
            "The provided PaymentMethod was detached from its customer and cannot be used again.", param=param
        )
    return found, False


def described(call: Call, data: Given, *, param: str) -> SavedInstrument:
    """A new instrument by the description of one.

    Raises:
        StripeError: its card is none, or kessai does not simulate its type.
    """
    facts: dict[str, Any] = {
        "billing": billing_of(data.get("billing_details")),
        "metadata": masked(data.get("metadata") or {}),
        "details": {"allow_redisplay": data.get("allow_redisplay") or "unspecified"},
    }
    kind = data.get("type", "card")
    if kind == "card":
        card = data.get("card") or {}
        return of_row(call, _row_of(call, card, param=f"{param}[card]"), facts, card)
    if kind not in OTHER_METHODS:
        raise not_simulated(f"The payment method type {kind}", param=f"{param}[type]")
    details = {**facts["details"], kind: masked(data.get(kind) or {})}
    return call.services.instruments.make(
        call.merchant.id, {**facts, "type": kind, "details": details}, at=call.now
    )


def of_row(
    call: Call, row: PublishedInstrument, facts: dict[str, Any], card: Given | None = None
) -> SavedInstrument:
    """A new instrument that is one of the published test cards."""
    given = card or {}
    kept = SavedCard(
        published=row.names[0],
        brand=row.brand,
        last4=row.last4,
        exp_month=given.get("exp_month") or call.now.month,
        exp_year=_full(given.get("exp_year") or call.now.year + _DEFAULT_EXPIRY_YEARS),
        funding=row.funding,
        country=row.country,
        fingerprint=fingerprint(row.number or row.names[0]),
        has_cvc="number" not in given or bool(given.get("cvc")),
    )
    return call.services.instruments.make(
        call.merchant.id, {**facts, "type": "card", "card": kept}, at=call.now
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
        _full(card.get("exp_year")),
        card.get("cvc"),
        today=call.now.date(),
    )
    if problem is not None:
        raise card_error(
            problem.code, problem.message, decline_code=problem.decline_code, param=problem.param
        )
    found = by_number(number)
    if found is None:
        raise missing("card", "", param=param)
    return found


def _full(year: Any) -> Any:
    """A year of two digits is one of this century."""
    return year + 2000 if isinstance(year, int) and 0 <= year < 100 else year
