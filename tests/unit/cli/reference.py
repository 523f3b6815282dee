"""Draws the tables of docs/reference/cli.md from the command tree: `python -m tests.unit.cli.reference`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

from kessai.cli import app

PAGE: Final = Path(__file__).parents[3] / "docs/reference/cli.md"

_TABLE: Final = re.compile(r"(<!-- kessai (?P<line>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)

# Typer's commands and parameters have no public types of their own.
Node = Any


def commands(node: Node = None, *names: str) -> Iterator[tuple[str, Node]]:
    """Every command that does something, by its words after `kessai`."""
    node = node or typer.main.get_command(app)
    children = getattr(node, "commands", None)
    if children is None:
        yield " ".join(names), node
        return
    for name, child in children.items():
        yield from commands(child, *names, name)


def refreshed(page: str) -> str:
    """The page with every table as the command tree has it now."""
    known = dict(commands())
    return _TABLE.sub(lambda found: f"{found[1]}{_described(found['line'], known)}{found[3]}", page)


def drawn(page: str) -> list[str]:
    """The commands that have a table on the page, in its order."""
    return [found["line"] for found in _TABLE.finditer(page)]


def _described(line: str, known: dict[str, Node]) -> str:
    command = known[line]
    parameters = [each for each in command.params if each.name != "help"]
    words = [_argument(each) for each in parameters if each.param_type_name == "argument"]
    text = re.sub(r"(?<=\S)\n(?=\S)", " ", str(command.help).strip())
    usage = " ".join(["kessai", line, *words])
    rows = [_row(each) for each in parameters if each.param_type_name == "option"]
    table = "\n".join(["| option | what it does | default |", "|---|---|---|", *rows])
    return f"\n{text}\n\nUsage: `{usage}`\n\n{table}\n\n"


def _argument(parameter: Node) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _row(parameter: Node) -> str:
    value = f" {parameter.metavar}" if parameter.metavar else ""
    flags = " / ".join(f"`{name}{value}`" for name in (*parameter.opts, *parameter.secondary_opts))
    return f"| {flags} | {parameter.help} | {_default(parameter)} |"


def _default(parameter: Node) -> str:
    if parameter.required:
        return "required"
    if isinstance(parameter.show_default, str):
        return str(parameter.show_default)
    if parameter.default in {None, False}:
        return ""
    return f"`{parameter.default}`"


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
