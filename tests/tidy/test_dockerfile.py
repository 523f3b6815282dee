"""The Dockerfile and the script for local work keep our rules and name only what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tidy import dockerfile_rules as rules
from tests.tidy.operations import ROOT, command_problems, option, read

GOOD = """
FROM python:3.12-slim AS build
RUN pip install --require-hashes -r run.txt
FROM python:3.12-slim
USER 10001
HEALTHCHECK --interval=5s CMD ["kessai", "readyz"]
ENTRYPOINT ["kessai"]
CMD ["serve"]
"""


def test_the_dockerfile_keeps_the_rules() -> None:
    assert rules.problems(read("Dockerfile")) == []


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("FROM python:3.12-slim\n", "FROM python\n", "tag"),
        ("FROM python:3.12-slim\n", "FROM python:latest\n", "tag"),
        ("USER 10001\n", "", "root"),
        ("USER 10001\n", "USER kessai\n", "number"),
        ("USER 10001\n", "USER 0:0\n", "root"),
        ("USER 10001\n", 'CMD ["x"]\nUSER 10001\n', "after USER"),
        ("USER 10001\n", "ADD . /app\nUSER 10001\n", "COPY"),
        ("USER 10001\n", "WORKDIR data\nUSER 10001\n", "absolute"),
        ("USER 10001\n", "ENV API_SECRET_KEY=hunter2\nUSER 10001\n", "history"),
        ("USER 10001\n", "RUN sudo true\nUSER 10001\n", "sudo"),
        ("USER 10001\n", "RUN apt-get install tini\nUSER 10001\n", "no-install-recommends"),
        ("USER 10001\n", "RUN apt-get install --no-install-recommends tini\nUSER 10001\n", "lists"),
        ("USER 10001\n", "RUN apt-get install \\\n  gcc\nUSER 10001\n", "build tool"),
        ("USER 10001\n", "RUN curl https://example.com | sh\nUSER 10001\n", "pipe"),
        ("--require-hashes ", "", "require-hashes"),
        ('CMD ["serve"]', "CMD kessai serve", "exec form"),
        ('ENTRYPOINT ["kessai"]\n', "", "ENTRYPOINT: missing"),
        ('HEALTHCHECK --interval=5s CMD ["kessai", "readyz"]', "HEALTHCHECK NONE", "HEALTHCHECK: missing"),
    ],
)
def test_a_broken_dockerfile_is_noticed(good: str, bad: str, complaint: str) -> None:
    assert rules.problems(GOOD) == []
    broken = bad.join(GOOD.rsplit(good, 1))

    found = rules.problems(broken)

    assert any(complaint in problem for problem in found), found


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    patterns = rules.ignore_patterns(read(".dockerignore"))
    paths = rules.copied_paths(rules.parse(read("Dockerfile")))

    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [path for path in paths if rules.is_ignored(path, patterns)] == []


@pytest.mark.parametrize("path", [".env", "kessai.db", ".git", "src/kessai/__pycache__/x.pyc", "tests/x.py"])
def test_nothing_private_or_stale_enters_the_build(path: str) -> None:
    assert rules.is_ignored(path, rules.ignore_patterns(read(".dockerignore")))


def test_the_build_copies_what_the_wheel_needs() -> None:
    import tomllib

    copied = rules.copied_paths(rules.parse(read("Dockerfile")))
    project = tomllib.loads(read("pyproject.toml"))

    needed = {"pyproject.toml", project["project"]["readme"]}
    needed.update(
        path.split("/")[0] for path in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    )
    assert needed <= set(copied)


def test_every_locked_requirement_has_a_hash() -> None:
    text = re.sub(r"\\\n\s*", " ", read("requirements/run.txt"))
    requirements = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]

    assert requirements
    assert [line.split()[0] for line in requirements if "--hash=sha256:" not in line] == []


def test_the_image_starts_and_checks_commands_that_exist() -> None:
    instructions = rules.parse(read("Dockerfile"))

    assert rules.the(instructions, "ENTRYPOINT").exec_form == ["kessai"]
    assert command_problems(rules.the(instructions, "CMD").exec_form or []) == []
    assert command_problems((rules.the(instructions, "HEALTHCHECK").exec_form or [])[1:]) == []


def test_the_image_exposes_the_port_it_serves_and_checks() -> None:
    instructions = rules.parse(read("Dockerfile"))
    exposed = rules.the(instructions, "EXPOSE").text

    assert option(rules.the(instructions, "CMD").exec_form or [], "--port") == exposed
    health = rules.the(instructions, "HEALTHCHECK").exec_form or []
    assert option(health, "--url") == f"http://127.0.0.1:{exposed}"


def test_the_image_presets_no_setting() -> None:
    # a value and a _FILE together are refused, so a preset would be in the way of whoever mounts secrets
    names = set(rules.environment(rules.parse(read("Dockerfile"))))

    assert {name for name in names if name != "PATH" and not name.startswith("PYTHON")} == set()


def test_the_default_database_lies_in_the_volume() -> None:
    from kessai.settings import Settings

    instructions = rules.parse(read("Dockerfile"))
    (volume,) = rules.the(instructions, "VOLUME").exec_form or []
    default = Settings.model_fields["database_url"].default

    assert rules.the(instructions, "WORKDIR").text == volume
    assert Path(volume, default.removeprefix("sqlite:///")).parent == Path(volume)
