"""Forms with brackets, as Stripe's libraries send them: `a[b]=1&c[0]=2&d[]=3` to nested values.

What brackets mean is as in Rack; what Rack makes something odd of is refused. Which parameters there are, and
that the keys of `c[0]` and `c[1]` count the elements of a list, is the parameters' own affair.

Source: Rack, "Rack::QueryParser", read 2026-11-26.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

PAIRS_MAX: Final = 4000
"""More than the longest list that Stripe takes needs: 200 line items of some 15 parameters."""
DEPTH_MAX: Final = 16
"""Names in one key; twice as many as the API's document has."""

_BROKEN_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_NESTED: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_NAMEABLE: Final = re.compile(r"[\w\[\].-]{1,100}", re.ASCII)
_LONG_NUMBER: Final = re.compile(r"\d(?:[\[\].-]{0,2}\d){11}", re.ASCII)


Kind = TypeVar("Kind", dict[str, Any], list[Any])


class FormError(ValueError):
    """A form that cannot be read. `param` is the key where it went wrong, if it is known and can be shown."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


def decode(form: bytes | str) -> dict[str, Any]:
    """The values of a form or a query string, by name.

    Each is a text, a dict (`a[b]`, also `a[0]`) or a list (`a[]`) of these. Of a name that is repeated the
    last value counts.

    Raises:
        FormError: it is malformed, says two kinds of one name, or is too long or too deep.
    """
    # Any: text, or a dict or list of it, however deep.
    root: dict[str, Any] = {}
    try:
        text = (form if isinstance(form, bytes) else form.encode()).decode()
        _check(text)
        is_escaped = "%" in text or "+" in text
        for pair in text.split("&"):
            if pair:
                name, _, value = pair.partition("=")
                if is_escaped:
                    name, value = _unescaped(name), _unescaped(value)
                _put(root, name, value)
    except UnicodeError:
        raise FormError("the parameters are not encoded in UTF-8") from None
    return root


def _check(text: str) -> None:
    """What can be told of the whole at once."""
    if text.count("&") >= PAIRS_MAX:
        raise FormError(f"there are more than {PAIRS_MAX} parameters")
    if "%" in text and _BROKEN_ESCAPE.search(text):
        raise FormError("a percent sign is not followed by two hexadecimal digits")
    if "\x00" in text or "%00" in text:
        raise FormError("there is a NUL character")


def _unescaped(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return unquote_to_bytes(text).decode() if "%" in text else text


def _put(root: dict[str, Any], key: str, value: str) -> None:
    if "[" in key or "]" in key:
        _put_nested(root, _names(key), value, key)
    elif not key:
        raise FormError("a parameter has no name")
    else:
        _put_text(root, key, value, key)


def _put_text(holder: dict[str, Any], name: str, value: str, key: str) -> None:
    if type(holder.get(name, "")) is not str:
        raise _two_kinds(key)
    holder[name] = value


def _names(key: str) -> list[str]:
    """The names in a key, of which the empty one stands for the next element of a list."""
    if key.count("[") >= DEPTH_MAX:
        raise FormError(f"a parameter is nested more than {DEPTH_MAX} levels deep", _shown(key))
    found = _NESTED.fullmatch(key)
    if found is None:
        raise FormError("the brackets of a parameter do not match", _shown(key))
    if "[][]" in key:
        raise FormError("a list cannot be an element of a list", _shown(key))
    return [found[1], *found[2][1:-1].split("][")]


def _put_nested(holder: dict[str, Any], names: list[str], value: str, key: str) -> None:
    """Go down to where the last name belongs, making what is missing on the way."""
    last = len(names) - 1
    index = 0
    while index < last:
        name, after = names[index], names[index + 1]
        if after:
            holder, index = _inside(holder, name, dict, key), index + 1
            continue
        elements = _inside(holder, name, list, key)
        if index + 1 == last:
            _append_text(elements, value, key)
            return
        holder, index = _element(elements, names[index + 2 :], key), index + 2
    _put_text(holder, names[last], value, key)


def _inside(holder: dict[str, Any], name: str, kind: type[Kind], key: str) -> Kind:
    """What a name leads to, made if it is new."""
    found = holder.setdefault(name, kind())
    if type(found) is not kind:
        raise _two_kinds(key)
    return found


def _append_text(elements: list[Any], value: str, key: str) -> None:
    if elements and type(elements[-1]) is not str:
        raise _two_kinds(key)
    elements.append(value)


def _element(elements: list[Any], names: list[str], key: str) -> dict[str, Any]:
    """The element that a value belongs to: the last, or a new one if that has such a value already."""
    if elements and type(elements[-1]) is not dict:
        raise _two_kinds(key)
    if not elements or _has(elements[-1], names):
        elements.append({})
    element: dict[str, Any] = elements[-1]
    return element


def _has(element: Any, names: list[str]) -> bool:
    for name in names:
        if not name or type(element) is not dict or name not in element:
            return False
        element = element[name]
    return True


def _two_kinds(key: str) -> FormError:
    return FormError("a parameter is given both as one kind of value and as another", _shown(key))


def _shown(key: str) -> str | None:
    """The key, unless it is none that anybody would have named a parameter, or could be a card number."""
    return key if _NAMEABLE.fullmatch(key) and not _LONG_NUMBER.search(key) else None
