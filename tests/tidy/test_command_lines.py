"""The check of command lines, which the other checks lean on, tells right from wrong."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer

from tests.tidy.operations import command_problems, option

toy = typer.Typer()
merchants = typer.Typer()
toy.add_typer(merchants, name="merchants")


@toy.command()
def serve(port: int = 8000, quiet: bool = False) -> None:
    """Never run: only its line is read."""
    raise AssertionError(port, quiet)


@merchants.command("create")
def create(name: Annotated[str, typer.Option()]) -> None:
    """Never run either."""
    raise AssertionError(name)


@merchants.command("show")
def show(name: str) -> None:
    """Never run either."""
    raise AssertionError(name)


@pytest.mark.parametrize(
    "line",
    ["serve", "serve --port 1 --quiet", "serve --help", "merchants create --name x", "merchants show x"],
)
def test_a_right_line_passes(line: str) -> None:
    assert command_problems(line.split(), toy) == []


@pytest.mark.parametrize(
    "line",
    [
        "",
        "sreve",
        "serve --prot 1",
        "serve --port",
        "serve --port one",
        "serve here",
        "merchants",
        "merchants craete",
        "merchants create",
        "merchants show",
        "--port 1 serve",
    ],
)
def test_a_wrong_line_is_noticed(line: str) -> None:
    assert command_problems(line.split(), toy) != []


def test_an_option_is_the_word_after_its_name() -> None:
    assert option(["serve", "--port", "1"], "--port") == "1"
    assert option(["serve", "--port"], "--port") is None
    assert option(["serve"], "--port") is None
