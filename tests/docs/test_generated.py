"""What the pages take from the code is current, and everything the code can tell is shown somewhere."""

from __future__ import annotations

import pytest

from kessai.simulation.table import SIMULATIONS
from tests.docs.generated import PARTS, parts_in, renewed
from tests.docs.pages import Page, pages

WITH_PARTS = [page for page in pages().values() if "\n<!-- begin: " in page.text]


@pytest.mark.parametrize("page", WITH_PARTS, ids=lambda page: page.path)
def test_the_generated_parts_are_current(page: Page) -> None:
    assert len(parts_in(page)) == page.text.count("\n<!-- begin: ") == page.text.count("\n<!-- end: ")
    assert renewed(page) == page.text, "run: .venv/bin/python -m tests.docs.generated"


def test_every_part_is_on_some_page() -> None:
    assert {name for page in WITH_PARTS for name in parts_in(page)} == set(PARTS)


@pytest.mark.parametrize("path", ["README.md", "README.ja.md", "docs/reference/simulations.md"])
def test_every_simulation_is_in_the_table(path: str) -> None:
    text = pages()[path].text

    assert [name for name in SIMULATIONS if f"| `{name}` |" not in text] == []
