"""Whether objects are as Stripe's library for Python knows them: its classes say what is always there."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import get_annotations
from types import NoneType
from typing import Any, get_args

import stripe

from tests.support.stripe_schema import RECORDED


def misshapen(found: stripe.StripeObject) -> list[str]:
    """What is missing of what is always there, and what the library has no name for; however deep."""
    return list(_problems(found, type(found).__name__))


def _problems(found: Any, where: str) -> Iterator[str]:
    if isinstance(found, list):
        for each in found:
            yield from _problems(each, f"{where}[]")
        return
    if not isinstance(found, stripe.StripeObject):
        return
    known = _members(type(found))
    # Lists have these too, though their classes do not say so.
    shown = found.to_dict()
    names = shown.keys() - {"object", "url"}
    if known:
        strange = {name for name in names - known.keys() if f"{shown.get('object')}.{name}" not in RECORDED}
        yield from (f"{where}.{name} is missing" for name, always in known.items() if always - names)
        yield from (f"{where}.{name} is unknown" for name in strange)
    for name in names:
        yield from _problems(found[name], f"{where}.{name}")


def _members(kind: type[Any]) -> dict[str, set[str]]:
    """The members of a class: each with its own name if it is always there, else with nothing."""
    members: dict[str, set[str]] = {}
    for each in reversed(kind.__mro__):
        if each.__module__.startswith("stripe.") and each not in (stripe.StripeObject, object):
            for name, hint in get_annotations(each).items():
                if name.islower() and name[0] != "_" and name not in ("object", "url"):
                    members[name] = set() if NoneType in get_args(hint) else {name}
    return members
