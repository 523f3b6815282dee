"""Every link between our pages leads to a page that exists, and to a heading that is on it."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tests.docs.pages import ROOT, Page, pages


def broken_links(page: Page) -> list[str]:
    """What is wrong with a page's links, each with its place."""
    return [
        f"{page.path}:{line}: {problem}"
        for line, target in page.links
        if (problem := problem_of(page, target))
    ]


def problem_of(page: Page, target: str) -> str | None:
    """Why a link leads nowhere; those to other sites are not looked at."""
    if "://" in target or target.startswith("mailto:"):
        return None
    path, _, anchor = target.partition("#")
    place = (page.file.parent / path).resolve() if path else page.file
    if not place.is_relative_to(ROOT) or not place.exists():
        return f"there is no {target}"
    linked = page if place == page.file else pages().get(str(PurePosixPath(place.relative_to(ROOT))))
    if anchor and (linked is None or anchor not in linked.anchors):
        return f"there is no heading for {target}"
    return None


@pytest.mark.parametrize("page", pages().values(), ids=list(pages()))
def test_every_link_leads_somewhere(page: Page) -> None:
    assert broken_links(page) == []


def test_every_page_of_the_documentation_can_be_reached() -> None:
    index = pages()["docs/index.md"]
    linked = {(index.file.parent / target.partition("#")[0]).resolve() for _, target in index.links}
    lost = [path for path, page in pages().items() if path.startswith("docs/") and page.file not in linked]

    assert lost == ["docs/index.md"]


def test_a_broken_link_is_noticed() -> None:
    page = Page("README.md", "# A *title*, with `code`\n[a](nowhere.md) [b](#a-title-with-code) [c](#b)\n")

    assert broken_links(page) == [
        "README.md:2: there is no nowhere.md",
        "README.md:2: there is no heading for #b",
    ]
