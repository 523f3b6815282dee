"""Odd requests of the Stripe API: what a confused client sends to an operation."""

from __future__ import annotations

import random
from typing import Any, Final

from kessai.dialects.stripe.declaring import StripeRoute
from tests.support.stripe_forms import form

ODD: Final[tuple[Any, ...]] = (
    *("", "x", "0", "-1", "1.5", "1e9", "true", "null", "[]", "{}", "cus_x", "pi_", "pm_card_visa", "\x7f"),
    *(str(2**63), str(-(2**63)), "9" * 400, "é" * 300, "🍵", "a" * 5_001, "%00", "../../x", "' OR 1=1 --"),
    *(
        {"a": "b"},
        ["a", "b"],
        {"0": {"a": "b"}},
        [{"a": ["b"]}],
        {"a": {"b": {"c": {"d": "e"}}}},
        {"gte": "x"},
    ),
)
IDS: Final = (
    *("x", "pi_x", "cus_x", "ch_x", "re_x", "0", "-", "%00", "%C3%A9", "%FF", "x" * 255, "null", "search"),
    "00000000-0000-0000-0000-000000000000",
)


def names_of(route: StripeRoute) -> list[str]:
    """What the route takes, by its own word, and some that it does not."""
    return [*sorted({each.partition(".")[0] for each in route.simulated}), "expand", "metadata", "nothing"]


def asked(route: StripeRoute, chance: random.Random) -> tuple[str, dict[str, str]]:
    """A path and a form with odd values in some of what the route takes."""
    parts = (chance.choice(IDS) if part.startswith("{") else part for part in route.template.split("/"))
    names = names_of(route)
    picked = chance.sample(names, min(len(names), chance.randint(1, 5)))
    return "/".join(parts), form({name: chance.choice(ODD) for name in picked})
