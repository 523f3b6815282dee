"""What the deployment files start, started here: their commands, variables and paths, without containers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.support.processes import free_port, plain_environment
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tests.tidy import kubernetes_rules
from tests.tidy.operations import (
    OPERATIONS_PATHS,
    PROBED_PATHS,
    Tree,
    compose_file,
    example_environment,
    manifests,
)


def run(*arguments: str, env: Mapping[str, str], directory: Path) -> subprocess.CompletedProcess[str]:
    """Run `kessai ARGUMENTS` to its end, with nothing of the developer's environment."""
    return subprocess.run(
        [sys.executable, "-m", "kessai", *arguments],
        cwd=directory,
        env=plain_environment(dict(env)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def compose_environment(service: Tree, **replaced: str) -> dict[str, str]:
    """What Compose hands to a service after `cp .env.example .env`; `replaced` names our own servers."""
    example = example_environment()
    filled = {name: value or example.get(name, "") for name, value in service["environment"].items()}
    return {name: value for name, value in filled.items() if value} | replaced


def answers(port: int, paths: frozenset[str]) -> dict[str, int]:
    """The status of each path."""
    return {path: httpx.get(f"http://127.0.0.1:{port}{path}").status_code for path in sorted(paths)}


def all_fine(paths: frozenset[str]) -> dict[str, int]:
    return dict.fromkeys(sorted(paths), 200)


def test_what_is_probed_and_scraped_is_answered_on_sqlite(serve: Serve) -> None:
    server = serve()

    assert answers(server.port, OPERATIONS_PATHS) == all_fine(OPERATIONS_PATHS)


@pytest.mark.postgresql
@pytest.mark.valkey
@pytest.mark.slow
def test_the_compose_services_start_answer_and_stop(
    serve: Serve, postgres_url: str, valkey: Valkey, tmp_path: Path
) -> None:
    # given the database that the service `migrate` leaves behind
    services = compose_file()["services"]
    here = {"DATABASE_URL": postgres_url, "REDIS_URL": valkey.url}
    migrated = run(
        *services["migrate"]["command"],
        env=compose_environment(services["migrate"], **here),
        directory=tmp_path,
    )
    assert migrated.returncode == 0, migrated.stderr

    # when the API and the dispatcher start as Compose starts them, on ports that are free here
    ports = {"api": free_port(), "dispatcher": free_port()}
    running = {}
    for name, port in ports.items():
        command, *arguments = services[name]["command"]
        arguments[arguments.index("--port") + 1] = str(port)
        running[name] = serve(*arguments, command=command, env=compose_environment(services[name], **here))

    # then they answer what is probed, and end in order
    assert answers(ports["api"], OPERATIONS_PATHS) == all_fine(OPERATIONS_PATHS)
    assert answers(ports["dispatcher"], PROBED_PATHS) == all_fine(PROBED_PATHS)
    assert {name: server.terminate() for name, server in running.items()} == {"api": 0, "dispatcher": 0}


def test_the_manifests_start_nothing_until_the_secrets_are_replaced(tmp_path: Path) -> None:
    documents = manifests()
    settings = kubernetes_rules.named(documents, "ConfigMap", "kessai")["data"]
    secrets = kubernetes_rules.named(documents, "Secret", "kessai")["stringData"]

    for workload in kubernetes_rules.of_kind(documents, "Deployment", "Job"):
        arguments = kubernetes_rules.container(workload)["args"]
        refused = run(*arguments, env=settings | secrets, directory=tmp_path)

        assert refused.returncode == 4, refused.stderr
        assert "API_SECRET_KEY" in refused.stdout + refused.stderr


def test_the_example_is_refused_in_production(tmp_path: Path) -> None:
    refused = run(
        "serve", "--port", "0", env=example_environment() | {"KESSAI_ENV": "production"}, directory=tmp_path
    )

    assert refused.returncode == 4, refused.stderr
    assert "API_SECRET_KEY" in refused.stdout + refused.stderr
