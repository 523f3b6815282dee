"""Keeps the parts of the pages that are made of the code: `python -m tests.docs.generated` writes them anew.

A part stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from kessai.dialects.stripe.routes import every_route
from tests.docs import reliability, tables
from tests.docs.api_reference import operations, routes, schemas, usual_refusals
from tests.docs.pages import Page, pages
from tests.docs.stripe_coverage import coverage
from tests.docs.words import Japanese

PARTS: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "attacks": reliability.attacks,
        "attacks-figures": reliability.figures,
        "cards": tables.cards,
        "declines": tables.declines,
        "diagram": tables.diagram,
        "errors": tables.errors,
        "events": tables.events,
        "first-cards": tables.first_cards,
        "first-cards-ja": tables.first_cards_in_japanese,
        "headers": tables.headers,
        "instruments": tables.instruments,
        "metrics": tables.metrics,
        "operations": operations,
        "planted": reliability.planted,
        "recipes": tables.recipes,
        "routes": routes,
        "schedule": tables.schedule,
        "schemas": schemas,
        "settings": tables.settings,
        "simulations": tables.simulations,
        "simulations-ja": partial(tables.simulations, Japanese),
        "statuses": tables.statuses,
        "stripe-coverage": lambda: coverage(
            (each.method, each.template, each.simulated) for each in every_route()
        ),
        "stripe-events": tables.stripe_events,
        "transitions": tables.transitions,
        "upi": tables.upi,
        "usual-refusals": usual_refusals,
    }
)

_PART: Final = re.compile(
    r"^<!-- begin: (?P<name>[a-z-]+) -->\n(?P<body>.*?)^<!-- end: (?P=name) -->$", re.MULTILINE | re.DOTALL
)


def parts_in(page: Page) -> list[str]:
    """The names of the generated parts of a page."""
    return [found["name"] for found in _PART.finditer(page.text)]


def renewed(page: Page) -> str:
    """The page's text with its generated parts as they ought to be."""
    return _PART.sub(
        lambda found: (
            f"<!-- begin: {found['name']} -->\n\n{PARTS[found['name']]()}\n\n<!-- end: {found['name']} -->"
        ),
        page.text,
    )


def main() -> None:
    """Write every page whose parts are not as they ought to be."""
    for page in pages().values():
        if (text := renewed(page)) != page.text:
            page.file.write_text(text, encoding="utf-8")
            print(f"wrote {page.path}")


if __name__ == "__main__":
    main()
