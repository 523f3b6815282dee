"""Single values of the Stripe API's parameters: from text to what they mean, or a refusal that says why not.

A reader takes the value and its parameter's name, in brackets where it is nested. The refusals follow the
original's in kind, code and parameter; their sentences are our own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, ClassVar, Final, NoReturn

from kessai.dialects.stripe.errors import repeated
from kessai.domain.errors import KessaiError
from kessai.simulation.card_data import mask_card_data
from kessai.simulation.cards import holds_real_number

Read = Callable[[Any, str], Any]
"""Any: text, or a dict or list of it, as the form had it; then what the document says that it is."""

METADATA_KEYS_MAX: Final = 50
METADATA_KEY_MAX: Final = 40
METADATA_VALUE_MAX: Final = 500
"""How much metadata an object can have. Source: Stripe, "Metadata", read 2026-11-26."""

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_TRUE: Final = ("true", "True")
_FALSE: Final = ("false", "False")
_API_VERSION: Final = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])-[0-3][0-9]\.[a-z]{1,20}")
_ECHO_MAX: Final = 40
"""Longer values are not repeated."""
_PARAM_MAX: Final = 200
_CHOICES_MAX: Final = 80
"""More are not listed, but the nearest ones named."""


class ParameterError(KessaiError):
    """A parameter that this operation does not take so. `stripe_code` is Stripe's code, if it has one."""

    code: ClassVar[str] = "VALIDATION_FAILED"
    status: ClassVar[int] = 400

    def __init__(self, message: str, param: str, stripe_code: str | None = None) -> None:
        super().__init__(message, param=shown(param))
        self.stripe_code = stripe_code


def shown(param: str) -> str:
    """A parameter's name as it may be told to anybody: bounded, and no card number."""
    return repeated(param, _PARAM_MAX)


def unknown(param: str, name: str, known: Iterable[str]) -> ParameterError:
    """The refusal of a name that the document does not have there."""
    return ParameterError(
        f"Received unknown parameter: {shown(param)}.{_nearest(name, known)}", param, "parameter_unknown"
    )


def missing(param: str) -> ParameterError:
    """The refusal of what lacks a parameter."""
    return ParameterError(f"Missing required param: {shown(param)}.", param, "parameter_missing")


def exclusive(param: str, other: str) -> ParameterError:
    """The refusal of two parameters of which a request has one at most."""
    return ParameterError(
        f"You may only specify one of these parameters: {param}, {other}.", param, "parameters_exclusive"
    )


def empty(param: str) -> ParameterError:
    """The refusal of an empty value, which would unset what cannot be unset."""
    return ParameterError(
        f"'{shown(param)}' was sent empty, which unsets a parameter, and this one cannot be unset: give it a "
        "value or leave it out.",
        param,
        "parameter_invalid_empty",
    )


def invalid(
    kind: str, value: Any, param: str, rest: str = "", stripe_code: str | None = None
) -> ParameterError:
    """The refusal of a value that is not of its kind. Any: the form's."""
    if value == "":
        return empty(param)
    if isinstance(value, str):
        return ParameterError(f"Invalid {kind}{_echo(value)}{rest}", param, stripe_code)
    what = "a list" if isinstance(value, list) else "a hash"
    return ParameterError(f"Invalid {kind}: '{shown(param)}' is {what}.", param, stripe_code)


def not_simulated(value: Any, param: str) -> NoReturn:
    """Read what Stripe has and kessai has not: never.

    Raises:
        ParameterError: always.
    """
    raise ParameterError(f"{shown(param)} is not simulated by kessai.", param)


def integer(value: Any, param: str) -> int:
    """A whole number. What could be a real card number is none: masked it would be another one."""
    if type(value) is str and _INTEGER.fullmatch(value) and not holds_real_number(value):
        return int(value)
    raise invalid("integer", value, param, stripe_code="parameter_invalid_integer")


def boolean(value: Any, param: str) -> bool:
    """`true` or `false`; older versions of Stripe's library for Python write them as Python does.

    Source: stripe-python 2.29 to 11.6, whose `_api_encode` leaves `True` to `urlencode`, read 2026-11-26.
    """
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise invalid("boolean", value, param)


def number(value: Any, param: str) -> float:
    """A number that may have decimals: a percentage, a share; never money."""
    return float(decimal(value, param))


def decimal(value: Any, param: str) -> str:
    """A number that may have decimals, as it was written. What could be a real card number is none."""
    if type(value) is str and _DECIMAL.fullmatch(value) and not holds_real_number(value):
        return value
    raise invalid("decimal", value, param)


def string(length_max: int) -> Read:
    """The reader of text with at most so many characters."""

    def read(value: Any, param: str) -> str:
        if type(value) is str and 0 < len(value) <= length_max:
            return value
        raise invalid("string", value, param, f"; must be at most {length_max} characters")

    return read


def clearable(read_value: Read) -> Read:
    """The same, where an empty value unsets what was there."""

    def read(value: Any, param: str) -> Any:
        return None if value == "" else read_value(value, param)

    return read


def choice(values: list[str]) -> Read:
    """The reader of one of these words."""
    known = frozenset(values)

    def read(value: Any, param: str) -> str:
        if type(value) is str and value in known:
            return value
        raise _no_choice(value, param, values)

    return read


def version(known: list[str]) -> Read:
    """The reader of a version of the API: one of these, or a later one.

    An application often names the one that its library was made for.
    """
    read_known, newest = choice(known), max(known)

    def read(value: Any, param: str) -> str:
        if type(value) is str and value > newest and _API_VERSION.fullmatch(value):
            return value
        known_value: str = read_known(value, param)
        return known_value

    return read


def _no_choice(value: Any, param: str, values: list[str]) -> ParameterError:
    if not isinstance(value, str) or value == "":
        return invalid("string", value, param)
    if len(values) <= _CHOICES_MAX:
        return ParameterError(f"Invalid {shown(param)}: must be one of {', '.join(values)}.", param)
    near = _nearest(value, values)
    return ParameterError(f"Invalid {shown(param)}: not one of the {len(values)} known values.{near}", param)


def metadata(value: Any, param: str) -> dict[str, str] | None:
    """Keys and values, where an empty value asks for its key to be deleted; None asks that of all."""
    if value == "":
        return None
    if type(value) is not dict:
        raise invalid("object", value, param)
    if len(value) > METADATA_KEYS_MAX:
        raise ParameterError(f"Metadata can have at most {METADATA_KEYS_MAX} keys.", param)
    for key, each in value.items():
        if type(each) is not str or len(key) > METADATA_KEY_MAX or len(each) > METADATA_VALUE_MAX:
            raise _no_metadata(key, each, f"{param}[{key}]")
    return dict(value)


def _no_metadata(key: str, value: Any, param: str) -> ParameterError:
    if len(key) > METADATA_KEY_MAX:
        return ParameterError(f"Metadata keys can be at most {METADATA_KEY_MAX} characters long.", param)
    if isinstance(value, str):
        return ParameterError(f"Metadata values can be at most {METADATA_VALUE_MAX} characters long.", param)
    return ParameterError("Metadata values are text, and there are no square brackets in a key.", param)


def _echo(value: str) -> str:
    """The value as a refusal repeats it: only if it is short, and never a card number that could be real."""
    return f": {mask_card_data(value)}" if len(value) <= _ECHO_MAX else ""


def _nearest(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, known, n=1) if len(name) <= _ECHO_MAX else []
    return f" Did you mean {found[0]}?" if found else ""
