"""docs/reference/cli.md has every command and option, as the command tree has them."""

from __future__ import annotations

import re

import pytest

from kessai.cli.failures import ExitCode
from tests.unit.cli.reference import PAGE, commands, drawn, refreshed


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_every_command_has_its_place(page: str) -> None:
    assert drawn(page) == [line for line, _ in commands()]


def test_the_tables_are_those_of_the_command_tree(page: str) -> None:
    assert refreshed(page) == page, "run: python -m tests.unit.cli.reference"


def test_every_exit_code_is_told_of(page: str) -> None:
    told = {int(code) for code in re.findall(r"^\| (\d) \|", page, re.MULTILINE)}

    assert told == {int(code) for code in ExitCode}


def test_every_command_answers_in_json_too() -> None:
    without = [line for line, each in commands() if not any(one.name == "json" for one in each.params)]

    assert without == []
