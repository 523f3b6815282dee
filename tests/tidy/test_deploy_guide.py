"""docs/how-to/deploy.md names commands, variables, services, objects and paths that exist."""

from __future__ import annotations

import re
import shlex
from itertools import dropwhile

import pytest

from tests.tidy import kubernetes_rules
from tests.tidy.operations import (
    OPERATIONS_PATHS,
    command_problems,
    compose_file,
    manifests,
    read,
    unknown_variables,
    variable_names,
)

COMPOSE_VERB = r"docker-compose (?:exec|run|logs)(?: -\S+)* (\S+)"


@pytest.fixture(scope="module")
def commands() -> list[str]:
    """Every command line of the guide, continued lines joined."""
    blocks = re.findall(
        r"^```(?:bash|console)\n(.*?)^```", read("docs/how-to/deploy.md"), re.MULTILINE | re.DOTALL
    )
    return [
        line.removeprefix("$ ") for block in blocks for line in re.sub(r"\\\n\s*", "", block).splitlines()
    ]


def own_command(line: str) -> list[str] | None:
    """The arguments of `kessai` in a line, whether it is run here or in a container."""
    words = shlex.split(line)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    if words[:2] == ["docker-compose", "exec"]:
        # options, then the service, then what is run in it
        words = list(dropwhile(lambda word: word.startswith("-"), words[2:]))[1:]
    elif words[:1] == ["kubectl"] and "--" in words:
        words = words[words.index("--") + 1 :]
    return words[1:] if words[:1] == ["kessai"] else None


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("kessai migrate", ["migrate"]),
        ("DISPATCH=false kessai serve --workers 2", ["serve", "--workers", "2"]),
        ("docker-compose exec api kessai keys list", ["keys", "list"]),
        ("kubectl --namespace kessai exec deployment/kessai-api -- kessai doctor", ["doctor"]),
        ("docker logs kessai", None),
        ("docker-compose exec -T postgres pg_dump --username kessai kessai", None),
        ("kubectl create namespace kessai", None),
    ],
)
def test_our_commands_are_found_in_a_line(line: str, arguments: list[str] | None) -> None:
    assert own_command(line) == arguments


def test_the_command_lines_are_understood(commands: list[str]) -> None:
    ours = [arguments for line in commands if (arguments := own_command(line)) is not None]

    assert len(ours) >= 7
    assert [problem for arguments in ours for problem in command_problems(arguments)] == []


def test_the_variables_are_read_by_something(commands: list[str]) -> None:
    text = read("docs/how-to/deploy.md")
    names = set(re.findall(r"\b([A-Z]{2,}(?:_[A-Z]+)*)=", text)) | set(
        re.findall(r"`([A-Z]+_[A-Z_]+)`", text)
    )

    assert unknown_variables(names - {"VERSION"}, variable_names()) == set()
    assert "build-arg VERSION" in " ".join(commands)


def test_the_services_and_objects_exist(commands: list[str]) -> None:
    text = "\n".join(commands)
    services = set(re.findall(COMPOSE_VERB, text)) | set(re.findall(r"--scale (\w+)=", text))
    objects = set(re.findall(r"\b(deployment|job)/(\S+)", text)) | {("job", "kessai-migrate")}

    assert services <= set(compose_file()["services"])
    assert objects <= {(each["kind"].lower(), each["metadata"]["name"]) for each in manifests()}


def test_the_paths_are_those_that_are_checked() -> None:
    assert (
        set(re.findall(r"`(/[a-z]+)`", read("docs/how-to/deploy.md"))) - {"/data", "/tmp"} <= OPERATIONS_PATHS
    )


def test_the_versions_are_those_of_the_files() -> None:
    text = read("docs/how-to/deploy.md")
    images = set(re.findall(r"kessai:\d\S*\d", text))

    assert images == {kubernetes_rules.container(kubernetes_rules.of_kind(manifests(), "Job")[0])["image"]}
    assert f"Kubernetes {kubernetes_rules.OLDEST} or later" in text


def test_the_length_of_a_secret_is_the_one_that_is_asked_for() -> None:
    from kessai.settings import API_SECRET_KEY_LENGTH_MIN

    assert re.search(rf"fewer than {API_SECRET_KEY_LENGTH_MIN}\s+characters", read("docs/how-to/deploy.md"))
