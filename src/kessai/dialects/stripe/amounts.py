"""Amounts of the Stripe API: minor units too, but not of every currency those of ISO 4217.

Source: Stripe, "Supported currencies", zero-decimal and special cases, and the table of minimum amounts; read
2026-11-20.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from kessai.dialects.stripe.errors import StripeError, repeated
from kessai.domain.currencies import EXPONENTS
from kessai.domain.money import AMOUNT_MAX, Money

_DECIMALS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Where Stripe counts otherwise than ISO does."""
_MINIMUMS: Final = {
    **dict.fromkeys(("USD", "EUR", "AUD", "CAD", "CHF", "BRL", "INR", "NZD", "SGD"), 50),
    "GBP": 30,
    "DKK": 250,
    "NOK": 300,
    "SEK": 300,
    "HKD": 400,
    "JPY": 50,
    "MXN": 1000,
    "AED": 200,
    "MYR": 200,
    "PLN": 200,
    "RON": 200,
    "CZK": 1500,
    "HUF": 17500,
    "THB": 1000,
    "BGN": 100,
}
_PLACES_MAX: Final = 12
"""Decimals of a price."""
_MOST: Final = 99_999_999
"""Eight digits, for most currencies."""
_MOST_OF: Final = {"IDR": 999_999_999_999, "INR": 999_999_999, "JPY": 9_999_999_999, "KRW": 9_999_999_999}


def currency_of(text: str, *, param: str = "currency") -> str:
    """The core's name of a currency, however it was written.

    Raises:
        StripeError: there is no such currency.
    """
    currency = text.upper()
    if currency not in EXPONENTS:
        raise StripeError(
            f"Invalid currency: {repeated(text, 20)}. The currencies of ISO 4217 are known, such as usd, eur "
            "and jpy.",
            param=param,
        )
    return currency


def money_from(amount: int, currency: str, *, param: str = "amount") -> Money:
    """What an amount of this API is in the core's minor units.

    Raises:
        StripeError: it is negative, or not a whole number of what the currency has.
    """
    if amount < 0:
        raise StripeError(
            "This value must be greater than or equal to 0.", param=param, code="parameter_invalid_integer"
        )
    exponent = EXPONENTS[currency]
    factor = _factor(currency)
    minor, rest = divmod(amount, factor) if factor > 0 else (amount * -factor, 0)
    if rest or (exponent == 3 and amount % 10):
        raise StripeError(
            f"Invalid amount: in {currency.lower()}, the last digits must be 0.",
            param=param,
            code="invalid_amount",
        )
    if minor > AMOUNT_MAX:
        raise too_large(currency, param=param)
    return Money(minor, currency)


def price_amount(given: int | str, currency: str, *, param: str) -> str:
    """What one of something costs, in the core's minor units; a `str` may have decimals.

    Raises:
        StripeError: negative, too large, with more decimals than are kept, or none of what the currency has.
    """
    amount = Decimal(given)
    if amount > _MOST_OF.get(currency, _MOST):
        raise too_large(currency, param=param)
    if amount == amount.to_integral_value():
        return str(money_from(int(amount), currency, param=param).minor)
    if amount < 0 or -int(amount.as_tuple().exponent) > _PLACES_MAX:
        raise StripeError(
            f"Invalid decimal: it must not be negative, nor have more than {_PLACES_MAX} decimal places.",
            param=param,
        )
    if currency in _DECIMALS or EXPONENTS[currency] > 2:
        raise StripeError(f"Prices in {currency.lower()} cannot have decimals.", param=param)
    return f"{amount.normalize():f}"


def charged(amount: int, currency: str, *, param: str = "amount") -> Money:
    """The same of what is to be paid, which must be at least and at most so much.

    Raises:
        StripeError: too small or too large.
    """
    money = money_from(amount, currency, param=param)
    least = _MINIMUMS.get(currency, 1)
    if amount < least:
        raise StripeError(
            f"Amount must be at least {least} in the smallest unit of {currency.lower()}.",
            param=param,
            code="amount_too_small",
        )
    if amount > _MOST_OF.get(currency, _MOST):
        raise too_large(currency, param=param)
    return money


def too_large(currency: str, *, param: str = "amount") -> StripeError:
    """The refusal of more than any payment may be."""
    most = _MOST_OF.get(currency, _MOST)
    return StripeError(
        f"Amount must be no more than {most} in the smallest unit of {currency.lower()}.",
        param=param,
        code="amount_too_large",
    )


def amount_of(money: Money) -> int:
    """Money as this API counts it."""
    return in_units(money.minor, money.currency)


def in_units(minor: int, currency: str) -> int:
    """So many of the core's minor units, as this API counts them."""
    factor = _factor(currency) if currency in _DECIMALS else 1
    return minor * factor if factor > 0 else minor // -factor


def _factor(currency: str) -> int:
    """How many of Stripe's units are one of the core's; negative where it is the other way round."""
    extra = _DECIMALS.get(currency, EXPONENTS[currency]) - EXPONENTS[currency]
    factor: int = 10 ** abs(extra)
    return factor if extra >= 0 else -factor
