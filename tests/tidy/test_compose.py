"""docker-compose.yml is valid, starts after `cp .env.example .env`, and names only what exists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import kessai
from tests.tidy import compose_rules as rules
from tests.tidy import dockerfile_rules
from tests.tidy.operations import (
    Tree,
    UnsetVariableError,
    compose_file,
    example_environment,
    interpolate,
    interpolated_names,
    option,
    read,
    setting_names,
    unknown_variables,
    variable_names,
)


@pytest.fixture
def compose() -> Tree:
    return compose_file()


def test_the_file_is_valid(compose: Tree, tmp_path: Path) -> None:
    assert rules.schema_problems(compose, tmp_path) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("comand", ["serve"]),
        ("restart", "sometimes"),
        ("stop_grace_period", "soon"),
        ("ports", ["8000:99999999"]),
    ],
)
def test_an_invalid_file_is_noticed(compose: Tree, tmp_path: Path, key: str, value: object) -> None:
    compose["services"]["api"][key] = value

    assert rules.schema_problems(compose, tmp_path) != []


def test_the_file_keeps_the_rules(compose: Tree) -> None:
    assert rules.problems(compose) == []
    assert rules.port_problems(compose) == []


@pytest.mark.parametrize(
    ("complaint", "damage"),
    [
        ("pin", lambda services: services["redis"].update(image="redis:latest")),
        ("pin", lambda services: services["redis"].update(image="redis")),
        ("not there", lambda services: services.pop("redis")),
        ("nothing checks", lambda services: services["postgres"].pop("healthcheck")),
        ("how its health", lambda services: services["redis"].pop("healthcheck")),
        ("started again", lambda services: services["migrate"].update(restart="always")),
        (
            "not to be ready",
            lambda services: services["api"]["depends_on"]["redis"].update(condition="service_started"),
        ),
        ("not declared", lambda services: services["postgres"].update(volumes=["elsewhere:/data"])),
        ("whether to restart", lambda services: services["api"].pop("restart")),
        ("read_only", lambda services: services["api"].pop("read_only")),
        ("cap_drop", lambda services: services["dispatcher"].update(cap_drop=["NET_RAW"])),
        ("stop_grace_period", lambda services: services["dispatcher"].pop("stop_grace_period")),
    ],
)
def test_a_broken_rule_is_noticed(compose: Tree, complaint: str, damage: Callable[[Tree], object]) -> None:
    damage(compose["services"])

    found = rules.problems(compose)

    assert any(complaint in problem for problem in found), found


@pytest.mark.parametrize("change", [{"ports": ["8000:80"]}, {"command": ["serve", "--port", "80"]}])
def test_ports_that_disagree_are_noticed(compose: Tree, change: Tree) -> None:
    compose["services"]["api"].update(change)

    assert rules.port_problems(compose) != []


def test_the_services_are_those_the_documents_promise(compose: Tree) -> None:
    services = compose["services"]

    assert set(services) == {"api", "dispatcher", "migrate", "postgres", "redis"}
    assert services["postgres"]["image"].startswith("postgres:16")
    assert services["redis"]["image"].startswith("redis:7")
    assert option(services["api"]["command"], "--workers") == "2"
    assert services["api"]["environment"]["KESSAI_DISPATCH"] == "false"


def test_the_command_lines_are_understood(compose: Tree) -> None:
    assert rules.usage_problems(compose) == []


@pytest.mark.parametrize(
    "change",
    [{"command": ["serve", "--wurkers", "2"]}, {"healthcheck": {"test": ["CMD", "kessai", "redyz"]}}],
)
def test_a_command_line_that_is_not_understood_is_noticed(compose: Tree, change: Tree) -> None:
    compose["services"]["api"].update(change)

    assert rules.usage_problems(compose) != []


def test_every_variable_is_read_by_something(compose: Tree) -> None:
    names = interpolated_names(read("docker-compose.yml"))
    for service in compose["services"].values():
        names.update(service.get("environment", {}))

    assert unknown_variables(names, variable_names()) == set()


def test_every_setting_reaches_the_services(compose: Tree) -> None:
    # where the process listens is the command's, and Compose publishes HOST and PORT
    elsewhere = {"HOST", "PORT", "DISPATCH"}
    passed = set(compose["services"]["api"]["environment"])

    assert setting_names() - elsewhere - passed == set()


def test_nothing_is_left_to_set_after_copying_the_example() -> None:
    text = read("docker-compose.yml")

    assert "${" not in interpolate(text, example_environment())


@pytest.mark.parametrize("secret", rules.SECRET_VARIABLES)
@pytest.mark.parametrize("value", [None, ""])
def test_compose_refuses_to_start_without_a_secret(secret: str, value: str | None) -> None:
    variables = example_environment()
    variables.pop(secret)
    variables |= {} if value is None else {secret: value}

    with pytest.raises(UnsetVariableError):
        interpolate(read("docker-compose.yml"), variables)


def test_no_secret_has_a_default() -> None:
    assert rules.insecure_defaults(read("docker-compose.yml")) == []


@pytest.mark.parametrize("line", ["API_SECRET_KEY: ${API_SECRET_KEY:-secret}", "POSTGRES_PASSWORD: kessai"])
def test_a_secret_with_a_default_is_noticed(line: str) -> None:
    assert rules.insecure_defaults(f"environment:\n  {line}\n") == [line]


@pytest.mark.parametrize(
    ("text", "variables", "filled"),
    [
        ("${A}", {"A": "1"}, "1"),
        ("${A:-2}", {}, "2"),
        ("${A:-2}", {"A": ""}, "2"),
        ("${A-2}", {"A": ""}, ""),
        ("${A:-b:${B:-3}}", {}, "b:3"),
        ("${A:-b:${B:-3}}", {"B": "4"}, "b:4"),
        ("${A:?say A}@${B}", {"A": "1", "B": "2"}, "1@2"),
    ],
)
def test_variables_are_filled_in_as_compose_does(text: str, variables: dict[str, str], filled: str) -> None:
    assert interpolate(text, variables) == filled


def test_the_api_is_published_to_this_machine_only(compose: Tree) -> None:
    assert compose["services"]["api"]["ports"] == ["127.0.0.1:8000:8000"]
    assert [name for name, each in compose["services"].items() if "ports" in each] == ["api"]


def test_the_image_is_this_version_and_serves_the_exposed_port(compose: Tree) -> None:
    exposed = dockerfile_rules.the(dockerfile_rules.parse(read("Dockerfile")), "EXPOSE")

    assert {each["image"] for each in rules.ours(compose).values()} == {f"kessai:{kessai.__version__}"}
    assert {each["build"]["args"]["VERSION"] for each in rules.ours(compose).values()} == {kessai.__version__}
    assert option(compose["services"]["api"]["command"], "--port") == exposed.text
