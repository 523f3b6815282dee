""".env.example names every setting, explains each, changes none, and is refused in production."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.tidy.operations import (
    IMAGE_VARIABLES,
    ROOT,
    assignments,
    example_environment,
    read,
    setting_names,
    unknown_variables,
    variable_names,
)


def unexplained(text: str) -> list[str]:
    """The names which are not under exactly one line of comment."""
    lines = ["", "", *text.splitlines()]
    return [
        name
        for number, name, _, _ in assignments(text)
        if not (lines[number].startswith("# ") and lines[number - 1] == "")
    ]


def test_every_setting_is_named_once_and_nothing_else() -> None:
    names = Counter(name for _, name, _, _ in assignments(read(".env.example")))

    assert set(names) - IMAGE_VARIABLES == setting_names()
    assert [name for name, count in names.items() if count > 1] == []


def test_every_setting_is_explained_in_a_line() -> None:
    assert unexplained(read(".env.example")) == []


@pytest.mark.parametrize("text", ["A=1", "# why\nA=1\nB=2", "# why\n\nA=1", "# a long\n# story\nA=1"])
def test_a_setting_without_its_line_is_noticed(text: str) -> None:
    assert unexplained(text) != []


def test_a_name_that_nothing_reads_is_noticed() -> None:
    right = {"PORT", "KESSAI_PORT", "API_KEY_FILE", "KESSAI_API_KEY_FILE", "POSTGRES_USER"}
    wrong = {"PROT", "KESSAI_PROT", "PORT_FILE", "POSTGRES_USR"}

    assert unknown_variables(right | wrong, variable_names()) == wrong


def test_python_compose_and_a_shell_read_the_same_values() -> None:
    # nothing that one of them would unquote, expand or take for a comment
    odd = [value for value in example_environment().values() if not re.fullmatch(r"[\w:/.@-]*", value)]

    assert odd == []


def test_the_example_changes_no_default() -> None:
    from kessai.settings import Settings

    assert Settings(_env_file=ROOT / ".env.example") == Settings(_env_file=None)
