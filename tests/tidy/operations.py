"""What the checks of the deployment files share: the files themselves, and the names that the code knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import typer
import yaml

ROOT: Final = Path(__file__).resolve().parents[2]

# A file of YAML is whatever its author wrote; the checks look before they trust.
Tree = dict[str, Any]

IMAGE_VARIABLES: Final = frozenset({"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"})
"""What the postgres image reads, and the compose file with it; no setting of ours."""

PROBED_PATHS: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""What the API and the dispatcher answer to those who watch; test_rehearsal asks both."""

OPERATIONS_PATHS: Final = PROBED_PATHS | {"/health", "/readiness"}
"""What the API answers besides."""

_EXPRESSION: Final = re.compile(
    r"\$\{(?P<name>\w+)(?:(?P<operator>:-|-|:\?|\?)(?P<word>(?:[^${}]|\$\{[^{}]*\})*))?\}"
)
_ASSIGNMENT: Final = re.compile(r"^(?P<unset># ?)?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$")


class UnsetVariableError(Exception):
    """The compose file asks for a variable that nobody has set."""


def read(path: str) -> str:
    """The text of a file of the checkout."""
    return (ROOT / path).read_text(encoding="utf-8")


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Fill in `${NAME}`, `${NAME:-default}` and `${NAME:?message}` as Docker Compose does.

    Raises:
        UnsetVariableError: a variable has neither value nor default.
    """

    def value(found: re.Match[str]) -> str:
        name, operator, word = found["name"], found["operator"] or "", found["word"] or ""
        known = variables.get(name, "")
        if known or (name in variables and not operator.startswith(":")):
            return known
        if operator.endswith("-"):
            return interpolate(word, variables)
        raise UnsetVariableError(word or f"{name} is not set")

    return _EXPRESSION.sub(value, text)


def interpolated_names(text: str) -> set[str]:
    """Every variable that `text` takes from the environment, defaults inside defaults included."""
    return set(re.findall(r"\$\{(\w+)", text))


def assignments(text: str) -> Iterator[tuple[int, str, str, bool]]:
    """Line number, name, value, and whether it is in force, of each `NAME=` and `# NAME=` in a .env file."""
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _ASSIGNMENT.match(line):
            yield number, found["name"], found["value"], not found["unset"]


def example_environment() -> dict[str, str]:
    """What `cp .env.example .env` sets."""
    return {name: value for _, name, value, in_force in assignments(read(".env.example")) if in_force}


def compose_file() -> Tree:
    """docker-compose.yml as Compose sees it after `cp .env.example .env`."""
    text = interpolate(read("docker-compose.yml"), example_environment())
    return dict(yaml.safe_load(text))


def manifests() -> list[Tree]:
    """The documents of k8s-deployment.yaml, in order."""
    return [dict(document) for document in yaml.safe_load_all(read("k8s-deployment.yaml"))]


def setting_names() -> set[str]:
    """Every setting, by the name that .env.example and the reference use."""
    from kessai.settings import Settings

    names = {name.upper() for name in Settings.model_fields}
    return {"KESSAI_ENV" if name == "ENV" else name for name in names}


def variable_names() -> set[str]:
    """Every variable that is read, but for `KESSAI_` twins: settings, and the files of secret ones."""
    from kessai.settings import SECRETS

    return setting_names() | {f"{name.upper()}_FILE" for name in SECRETS} | IMAGE_VARIABLES


def unknown_variables(names: set[str], known: set[str]) -> set[str]:
    """Those of `names` that nothing reads: neither known nor the `KESSAI_` twin of one."""
    return {name for name in names if not {name, name.removeprefix("KESSAI_")} & known}


def _kessai() -> typer.Typer:
    from kessai.cli import app

    return app


def command_problems(arguments: Sequence[str], application: typer.Typer | None = None) -> list[str]:
    """Why `kessai ARGUMENTS` would be refused as wrong usage, told by the command tree; nothing is run."""
    line = f"kessai {' '.join(arguments)}"
    command = typer.main.get_command(application or _kessai())
    rest = list(arguments)
    while subcommands := getattr(command, "commands", None):
        if not rest or rest[0] not in subcommands:
            return [f"{line}: no such command; there are {sorted(subcommands)}"]
        command = subcommands[rest.pop(0)]
    try:
        command.make_context("kessai", rest)
    except typer.Exit:
        return []
    except Exception as refusal:  # whatever the parser raises is a refusal of this line
        return [f"{line}: {refusal}"]
    return []


def option(arguments: Sequence[str], name: str) -> str | None:
    """The word after `name` in a command line, if it is there."""
    words = list(arguments)
    return words[words.index(name) + 1] if name in words[:-1] else None
