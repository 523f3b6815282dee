"""`expand[]`: ids in a rendered object replaced by the objects they stand for. Asks, and knows no store.

Source: Stripe, "Expanding responses", read 2026-11-26. The sentences of the refusals are Stripe's, as told in
stripe-dotnet issue 1351 and stripe-java issue 2011.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from kessai.dialects.stripe.errors import repeated
from kessai.dialects.stripe.shape import Object
from kessai.domain.values import value

LEVELS_MAX: Final = 4
"""Names in a path, `data` of a list included."""
PATHS_MAX: Final = 100
"""More than any object has members; bounds the work of one answer."""
_SHOWN_MAX: Final = 100
_PARAM: Final = "expand"
_LISTS: Final = frozenset({"list", "search_result"})

MEMBERS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "charge": frozenset({"refunds"}),
        "checkout.session": frozenset({"line_items"}),
        "customer": frozenset({"invoice_credit_balance", "sources", "subscriptions", "tax_ids"}),
        "payment_link": frozenset({"line_items"}),
    }
)
"""The members that an object has only when they are expanded."""

Expandable = Callable[[str, str], str | None]
"""From an object's name and a property to the kind that its id leads to; None when it cannot be expanded.

A property of a part that has no name of its own is told from the object around it, with dots:
`("customer", "invoice_settings.default_payment_method")`.
"""
Fetch = Callable[[str, str], Awaitable[Object | None]]
"""An object, rendered, by its kind and id; None when there is none."""
FetchMember = Callable[[Object, str], Awaitable[Object]]
"""The member of an object that is there only when expanded, rendered."""


class NotExpandableError(ValueError):
    """A path that cannot be expanded. `param` is the parameter that had it."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param
        self.message = message


async def expand(
    content: Object,
    paths: Sequence[str],
    *,
    fetch: Fetch,
    fetch_member: FetchMember,
    expandable: Expandable,
) -> Object:
    """A copy of a rendered object or list with these paths expanded; each id is fetched once.

    What is null or deleted, an id that leads to nothing, and what is expanded already stay as they are. On a
    list, and where ids lead to objects of several kinds, a path needs to fit one of the objects it reaches.

    Raises:
        NotExpandableError: a path fits nothing that can be expanded, is too long, or is one too many.
    """
    wanted = [_names(path) for path in _distinct(paths)]
    copied: Object = _copy(content)
    expansion = _Expansion(fetch, fetch_member, expandable)
    for names in wanted:
        await expansion.run(copied, names)
    return copied


def _distinct(paths: Sequence[str]) -> Iterable[str]:
    distinct = dict.fromkeys(paths)
    if len(distinct) > PATHS_MAX:
        raise NotExpandableError(_PARAM, f"You cannot expand more than {PATHS_MAX} properties at once.")
    return distinct


def _names(path: str) -> list[str]:
    names = path.split(".", LEVELS_MAX)
    if len(names) > LEVELS_MAX:
        raise NotExpandableError(_PARAM, f"You cannot expand more than {LEVELS_MAX} levels of a property.")
    if not all(names):
        raise _not_expandable(path)
    return names


@value(frozen=True, slots=True)
class _Place:
    """An object that a path has reached, or a part of one.

    `named` is the nearest object around it that says its name, `prefix` the way from there, dots included.
    """

    holder: Object
    named: Object
    prefix: str

    @property
    def object_name(self) -> str:
        return str(self.named.get("object", ""))


class _Expansion:
    """One answer's expansion; remembers what it has fetched."""

    def __init__(self, fetch: Fetch, fetch_member: FetchMember, expandable: Expandable) -> None:
        self._fetch = fetch
        self._fetch_member = fetch_member
        self._expandable = expandable
        self._fetched: dict[tuple[str, str], Object | None] = {}
        self._members: dict[tuple[str, str, str], Object] = {}

    async def run(self, content: Object, names: list[str]) -> None:
        places = [_Place(content, content, "")]
        for index, name in enumerate(names):
            fitting = [place for place in places if self._fits(place, name, is_last=index == len(names) - 1)]
            if places and not fitting:
                raise _not_expandable(".".join(names), _hint(content, names))
            for place in fitting:
                await self._replace(place, name)
            places = [after for place in fitting for after in _after(place, name)]

    def _fits(self, place: _Place, name: str, *, is_last: bool) -> bool:
        if self._kind(place, name) is not None or _is_member(place, name):
            return True
        found = place.holder.get(name)
        if _is_list(place.holder):
            return name == "data"
        if not is_last:
            return _is_part(found) or (found is None and name in place.holder)
        # A list or an object that is there whole.
        return isinstance(found, dict) and "object" in found

    def _kind(self, place: _Place, name: str) -> str | None:
        return self._expandable(place.object_name, f"{place.prefix}{name}")

    async def _replace(self, place: _Place, name: str) -> None:
        holder = place.holder
        if name not in holder:
            if _is_member(place, name) and not holder.get("deleted"):
                holder[name] = await self._member(holder, name)
            return
        kind, found = self._kind(place, name), holder[name]
        if kind is None:
            return
        if isinstance(found, str):
            holder[name] = await self._object(kind, found)
        elif isinstance(found, list):
            holder[name] = [
                await self._object(kind, each) if isinstance(each, str) else each for each in found
            ]

    async def _object(self, kind: str, object_id: str) -> Object | str:
        key = (kind, object_id)
        if key not in self._fetched:
            self._fetched[key] = await self._fetch(kind, object_id)
        found = self._fetched[key]
        # A copy for each place: what is expanded inside one of them is not in the others.
        return object_id if found is None else _copied(found)

    async def _member(self, parent: Object, name: str) -> Object:
        key = (str(parent.get("object")), str(parent.get("id")), name)
        if key not in self._members:
            self._members[key] = await self._fetch_member(parent, name)
        return _copied(self._members[key])


def _is_list(holder: Object) -> bool:
    return holder.get("object") in _LISTS


def _is_member(place: _Place, name: str) -> bool:
    """Whether an object has this member when it is expanded."""
    return not place.prefix and name in MEMBERS.get(place.object_name, ())


def _is_part(found: Any) -> bool:
    """Whether a path can go on inside this. Any: JSON."""
    return isinstance(found, dict) or (
        isinstance(found, list) and all(isinstance(each, dict) for each in found)
    )


def _after(place: _Place, name: str) -> Iterator[_Place]:
    """What a path has reached after one more name."""
    found = place.holder.get(name)
    for each in found if isinstance(found, list) else [found]:
        if not isinstance(each, dict):
            continue
        if "object" in each:
            yield _Place(each, each, "")
        else:
            yield _Place(each, place.named, f"{place.prefix}{name}.")


def _hint(content: Object, names: list[str]) -> str:
    if not _is_list(content) or names[0] == "data" or len(names) == LEVELS_MAX:
        return ""
    return f" You may want to try expanding 'data.{_shown('.'.join(names))}' instead."


def _not_expandable(path: str, hint: str = "") -> NotExpandableError:
    return NotExpandableError(_PARAM, f"This property cannot be expanded ({_shown(path)}).{hint}")


def _shown(path: str) -> str:
    """A path as an error tells it: bounded, and of characters that JSON can hold."""
    return repeated(path, _SHOWN_MAX).encode("utf-8", "replace").decode()


def _copied(content: Object) -> Object:
    return {name: _copy(each) for name, each in content.items()}


def _copy(content: Any) -> Any:
    """JSON, copied; several times as fast as `copy.deepcopy`, which looks for cycles. Any: JSON."""
    if isinstance(content, dict):
        return {name: _copy(each) for name, each in content.items()}
    if isinstance(content, list):
        return [_copy(each) for each in content]
    return content
