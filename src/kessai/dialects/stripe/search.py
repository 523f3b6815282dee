"""The search query language: from a query's text to a test of rendered objects. Pure.

What was chosen where the source leaves it open: blanks around an operator are accepted, `=` on a number is
`:`, and a backslash before anything but a quote or a backslash is itself.

Source: Stripe, "Search", sections "Search query language" and "Query fields", read 2026-11-26: clauses next
to each other are joined by AND, keywords and values are compared without regard to case, up to 10 clauses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from kessai.dialects.stripe.errors import repeated
from kessai.domain.values import value

QUERY_MAX: Final = 5_000
"""Characters of a query, as in the API's document."""
CLAUSES_MAX: Final = 10
SUBSTRING_MIN: Final = 3
_SHOWN_MAX: Final = 40
"""As many characters of a query are told back in an error."""


class FieldKind(Enum):
    """What a field can be compared with."""

    STRING = "text, whole or in part"
    TOKEN = "text, whole"  # noqa: S105 - Stripe's word for it
    NUMBER = "a number"
    BOOLEAN = "true or false"
    METADATA = "the text under a key"


_CARD: Final = MappingProxyType(
    {
        # "*" stands for any one type of payment method.
        "payment_method_details.*.brand": FieldKind.TOKEN,
        "payment_method_details.*.exp_month": FieldKind.NUMBER,
        "payment_method_details.*.exp_year": FieldKind.NUMBER,
        "payment_method_details.*.fingerprint": FieldKind.TOKEN,
        "payment_method_details.*.last4": FieldKind.TOKEN,
    }
)

FIELDS: Final[Mapping[str, Mapping[str, FieldKind]]] = MappingProxyType(
    {
        "charge": MappingProxyType(
            {
                "amount": FieldKind.NUMBER,
                "billing_details.address.postal_code": FieldKind.TOKEN,
                "created": FieldKind.NUMBER,
                "currency": FieldKind.TOKEN,
                "customer": FieldKind.TOKEN,
                "disputed": FieldKind.BOOLEAN,
                "metadata": FieldKind.METADATA,
                **_CARD,
                "refunded": FieldKind.BOOLEAN,
                "status": FieldKind.TOKEN,
            }
        ),
        "customer": MappingProxyType(
            {
                "created": FieldKind.NUMBER,
                "email": FieldKind.STRING,
                "metadata": FieldKind.METADATA,
                "name": FieldKind.STRING,
                "phone": FieldKind.STRING,
            }
        ),
        "payment_intent": MappingProxyType(
            {
                "amount": FieldKind.NUMBER,
                "created": FieldKind.NUMBER,
                "currency": FieldKind.TOKEN,
                "customer": FieldKind.TOKEN,
                "metadata": FieldKind.METADATA,
                "status": FieldKind.TOKEN,
            }
        ),
        "price": MappingProxyType(
            {
                "active": FieldKind.BOOLEAN,
                "currency": FieldKind.TOKEN,
                "lookup_key": FieldKind.STRING,
                "metadata": FieldKind.METADATA,
                "product": FieldKind.STRING,
                "type": FieldKind.TOKEN,
            }
        ),
        "product": MappingProxyType(
            {
                "active": FieldKind.BOOLEAN,
                "description": FieldKind.STRING,
                "metadata": FieldKind.METADATA,
                "name": FieldKind.STRING,
                "shippable": FieldKind.BOOLEAN,
                "url": FieldKind.STRING,
            }
        ),
    }
)
"""The fields that objects can be searched by, under the name that the API gives the object."""


class SearchError(ValueError):
    """A query that cannot be read; the message tells where and why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Operator(Enum):
    """How a field is compared."""

    IS = ":"
    CONTAINS = "~"
    LESS = "<"
    GREATER = ">"
    AT_MOST = "<="
    AT_LEAST = ">="


@value(frozen=True, slots=True)
class Clause:
    """One comparison. `wanted` is folded text, a number, or None for "is not there"."""

    path: tuple[str, ...]
    operator: Operator
    wanted: str | Decimal | None
    is_negated: bool

    def matches(self, obj: Mapping[str, Any]) -> bool:
        """Whether it holds of an object; what is null or missing equals null only, and is no number."""
        return _holds(self.operator, self.wanted, _found(obj, self.path)) is not self.is_negated


@value(frozen=True, slots=True)
class Predicate:
    """A query: all of its clauses hold, or any does."""

    clauses: tuple[Clause, ...]
    is_any: bool

    def matches(self, obj: Mapping[str, Any]) -> bool:
        """Whether a rendered object is what the query asks for. Any: JSON."""
        return (any if self.is_any else all)(clause.matches(obj) for clause in self.clauses)


def parse(query: str, fields: Mapping[str, FieldKind]) -> Predicate:
    """Read a query about objects that have these fields.

    Raises:
        SearchError: it cannot be read, or asks for what cannot be searched.
    """
    if len(query) > QUERY_MAX:
        raise SearchError(f"The query has {len(query)} characters; the most is {QUERY_MAX}.")
    reader = _Reader(query, fields)
    clauses = [reader.clause()]
    joins: set[str] = set()
    while not reader.is_at_end():
        joins.add(reader.join())
        if len(joins) > 1:
            raise reader.error(
                "AND and OR cannot be used in one query; clauses without a word are joined by AND"
            )
        if len(clauses) == CLAUSES_MAX:
            raise reader.error(f"a query has at most {CLAUSES_MAX} clauses")
        clauses.append(reader.clause())
    return Predicate(tuple(clauses), is_any="OR" in joins)


_BLANK: Final = re.compile(r"\s*")
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
_KEYWORD: Final = re.compile(r"(AND|OR)(?=\s|\Z)", re.IGNORECASE)
_OPERATOR: Final = re.compile(r"<=|>=|[:~<>=]")
_QUOTED: Final = re.compile(r"""(["'])((?:\\.|(?!\1)[^\\])*)\1""", re.DOTALL)
_ESCAPE: Final = re.compile(r"""\\(["'\\])""")
_BARE: Final = re.compile(r"[^\s\"']+")
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_DIGITS: Final = re.compile(r"[0-9]+")
_BOOLEANS: Final = frozenset({"true", "false"})


class _Reader:
    """A place in a query. `start` is where what is being read began, for errors."""

    def __init__(self, query: str, fields: Mapping[str, FieldKind]) -> None:
        self._query = query
        self._fields = fields
        self._at = 0
        self._start = 0
        self._skip()

    def is_at_end(self) -> bool:
        return self._at == len(self._query)

    def error(self, problem: str) -> SearchError:
        where = "at its end" if self._start >= len(self._query) else f"at character {self._start + 1}"
        return SearchError(f"The query cannot be read {where}: {problem}.")

    def join(self) -> str:
        """The word between two clauses; AND when there is none."""
        begin = self._start = self._at
        found = self._take(_KEYWORD)
        if found is None and not self._query[begin - 1].isspace():
            raise self.error("a blank, AND or OR is missing between two clauses")
        return "AND" if found is None else found[1].upper()

    def clause(self) -> Clause:
        self._start = self._at
        if _KEYWORD.match(self._query, self._at) or self.is_at_end():
            raise self.error('a clause is missing, such as email:"amy@example.com"')
        is_negated = self._query.startswith("-", self._at)
        self._at += is_negated
        path, kind = self._field()
        operator = self._operator(kind)
        wanted = self._wanted(kind, operator)
        self._skip()
        return Clause(path, operator, wanted, is_negated)

    def _field(self) -> tuple[tuple[str, ...], FieldKind]:
        self._start = self._at
        found = self._take(_FIELD)
        if found is None:
            raise self.error(f"{self._next()} does not begin a field")
        kind = self._kind(found[0])
        path = tuple(found[0].split("."))
        if kind is FieldKind.METADATA:
            path = (*path, self._key(found[0]))
        return path, kind

    def _kind(self, name: str) -> FieldKind:
        kind = self._fields.get(name) or self._fields.get(_starred(name))
        if kind is None:
            known = ", ".join(self._fields)
            raise self.error(f"{_shown(name)} is no field to search by; those are {known}")
        return kind

    def _key(self, name: str) -> str:
        self._start = self._at
        if not self._query.startswith("[", self._at):
            raise self.error(f'a key is missing: {name}["key"]')
        self._at += 1
        self._skip()
        key = self._quoted()
        self._skip()
        if key is None or not self._query.startswith("]", self._at):
            raise self.error(f'a key is written {name}["key"]')
        self._at += 1
        return key

    def _operator(self, kind: FieldKind) -> Operator:
        self._skip()
        self._start = self._at
        found = self._take(_OPERATOR)
        if found is None:
            raise self.error("a field is followed by one of : ~ < > <= >=")
        if found[0] == "=" and kind is FieldKind.NUMBER:
            return Operator.IS
        if found[0] == "=":
            raise self.error("a field is compared by :, not by =")
        operator = Operator(found[0])
        if operator is Operator.CONTAINS and kind is not FieldKind.STRING:
            raise self.error("this field cannot be searched in part; it can by :")
        if operator not in {Operator.IS, Operator.CONTAINS} and kind is not FieldKind.NUMBER:
            raise self.error(f"this field is no number; it cannot be compared by {operator.value}")
        return operator

    def _wanted(self, kind: FieldKind, operator: Operator) -> str | Decimal | None:
        self._skip()
        self._start = self._at
        text = self._quoted()
        if text is None:
            text = self._bare(kind)
            if text.lower() == "null" and operator is not Operator.IS:
                raise self.error("null is compared by :")
            if text.lower() == "null":
                return None
        return self._number(text) if kind is FieldKind.NUMBER else self._text(text, kind, operator)

    def _number(self, text: str) -> Decimal:
        if not _NUMBER.fullmatch(text):
            raise self.error(f"{_shown(text)} is no number")
        return Decimal(text)

    def _text(self, text: str, kind: FieldKind, operator: Operator) -> str:
        folded = text.casefold()
        if kind is FieldKind.BOOLEAN and folded not in _BOOLEANS:
            raise self.error('this field is "true" or "false"')
        if operator is Operator.CONTAINS and len(text) < SUBSTRING_MIN:
            raise self.error(f"what is searched for in part has at least {SUBSTRING_MIN} characters")
        return folded

    def _quoted(self) -> str | None:
        found = self._take(_QUOTED)
        return None if found is None else _ESCAPE.sub(r"\1", found[2])

    def _bare(self, kind: FieldKind) -> str:
        if self._query.startswith(('"', "'"), self._at):
            raise self.error("the quote that begins here is not closed")
        found = self._take(_BARE)
        if found is None:
            raise self.error("a value is missing")
        text = found[0]
        is_plain = _DIGITS.fullmatch(text) or text.lower() in {"null", *_BOOLEANS}
        if kind is not FieldKind.NUMBER and not is_plain:
            raise self.error(f"text is put in quotes: {_shown(text)}")
        return text

    def _next(self) -> str:
        return _shown(self._query[self._at : self._at + 1]) if not self.is_at_end() else "nothing"

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._query, self._at)
        if found is not None:
            self._at = found.end()
            if pattern is _KEYWORD:
                self._skip()
        return found

    def _skip(self) -> None:
        found = _BLANK.match(self._query, self._at)
        self._at = self._at if found is None else found.end()


def _starred(name: str) -> str:
    """The name with its middle part left open, as `FIELDS` writes types of payment methods."""
    first, _, rest = name.partition(".")
    return f"{first}.*.{rest.partition('.')[2]}"


def _shown(text: str) -> str:
    """Text of a query as an error tells it: bounded, and of characters that JSON can hold."""
    cut = text if len(text) <= _SHOWN_MAX else f"{repeated(text, _SHOWN_MAX)}…"
    return f'"{cut.encode("utf-8", "replace").decode()}"'


def _found(obj: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What is at a path; None when something on the way is null or missing. Any: JSON."""
    found: Any = obj
    for name in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _holds(operator: Operator, wanted: str | Decimal | None, found: Any) -> bool:
    if wanted is None or found is None:
        return wanted is None and found is None
    if isinstance(wanted, Decimal):
        # True and false are integers to Python, and none to whoever searches.
        return isinstance(found, int) and not isinstance(found, bool) and _compares(operator, wanted, found)
    text = str(found).casefold()
    return wanted in text if operator is Operator.CONTAINS else wanted == text


def _compares(operator: Operator, wanted: Decimal, found: int) -> bool:
    match operator:
        case Operator.LESS:
            return found < wanted
        case Operator.GREATER:
            return found > wanted
        case Operator.AT_MOST:
            return found <= wanted
        case Operator.AT_LEAST:
            return found >= wanted
        case Operator.IS | Operator.CONTAINS:
            return found == wanted
