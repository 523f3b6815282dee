"""Reads our Markdown: pages, their fenced code blocks, headings, links and names in backticks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]

_FENCE: Final = re.compile(r"^(?P<indent> *)(?P<fence>```+)(?P<info>[^`]*)$")
_HEADING: Final = re.compile(r"^#{1,6} +(?P<text>.*?) *#*$")
_LINK: Final = re.compile(
    r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target><[^>]*>|[^()\s]*(?:\([^()\s]*\))?)[^)]*\)"
)
_NAME: Final = re.compile(r"(`+)(?P<name>.+?)\1")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block. `line` is its fence's; `marks` are the words after the language."""

    page: str
    line: int
    language: str
    marks: tuple[str, ...]
    text: str

    @property
    def place(self) -> str:
        """Where it is, as editors understand it."""
        return f"{self.page}:{self.line}"

    def mark(self, name: str) -> str | None:
        """The value of the mark `name=value`."""
        return next((each.partition("=")[2] for each in self.marks if each.startswith(f"{name}=")), None)


@dataclass(frozen=True, slots=True)
class Page:
    """One Markdown file, by its path from the root of the checkout."""

    path: str
    text: str

    @property
    def file(self) -> Path:
        """Where it is on disk."""
        return ROOT / self.path

    @property
    def blocks(self) -> list[Block]:
        """Its code blocks, in order."""
        return [each for each in _parts(self) if isinstance(each, Block)]

    @property
    def prose(self) -> list[tuple[int, str]]:
        """Its lines outside code blocks, numbered from 1."""
        return [each for each in _parts(self) if isinstance(each, tuple)]

    @property
    def anchors(self) -> set[str]:
        """What a link may point to inside the page, made of its headings as GitHub does."""
        seen: Counter[str] = Counter()
        anchors = set()
        for _, line in self.prose:
            if found := _HEADING.match(line):
                slug = _slug(found["text"])
                anchors.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
                seen[slug] += 1
        return anchors

    @property
    def links(self) -> list[tuple[int, str]]:
        """The targets of its links, each with its line."""
        return [
            (number, found["target"].strip("<>"))
            for number, line in self.prose
            for found in _LINK.finditer(re.sub(r"`[^`]*`", "", line))
        ]

    @property
    def names(self) -> list[tuple[int, str]]:
        """What stands in backticks, each with its line."""
        return [
            (number, found["name"].strip()) for number, line in self.prose for found in _NAME.finditer(line)
        ]


@cache
def pages() -> dict[str, Page]:
    """Every Markdown file of ours by its path: those at the root, and docs."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    paths = sorted(str(file.relative_to(ROOT)) for file in files)
    return {path: Page(path, (ROOT / path).read_text(encoding="utf-8")) for path in paths}


def _parts(page: Page) -> Iterator[Block | tuple[int, str]]:
    fence = indent = info = ""
    began, inside = 0, list[str]()
    for number, line in enumerate(page.text.splitlines(), start=1):
        found = _FENCE.match(line)
        if not fence and found:
            fence, indent, info = found["fence"], found["indent"], found["info"].strip()
            began, inside = number, []
        elif fence and line.strip() == fence:
            language, *marks = info.split() or [""]
            yield Block(page.path, began, language, tuple(marks), "\n".join(inside) + "\n")
            fence = ""
        elif fence:
            inside.append(line.removeprefix(indent))
        else:
            yield number, line
    if fence:
        raise ValueError(f"{page.path}:{began}: this code block has no end")


def _slug(heading: str) -> str:
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
