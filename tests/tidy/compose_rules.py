"""The rules that docker-compose.yml keeps beyond the schema: references, health, secrets, ports."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import compose_spec
import yaml

from tests.tidy.operations import Tree, command_problems, option

PINNED_TAG: Final = ("", "latest")
SECRET_VARIABLES: Final = ("API_SECRET_KEY", "POSTGRES_PASSWORD")


def schema_problems(compose: Tree, folder: Path) -> list[str]:
    """What the Compose specification's schema, and a strict reader of its values, refuse."""
    file = folder / "docker-compose.yml"
    file.write_text(yaml.safe_dump(compose))
    schema = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    run = subprocess.run([sys.executable, *schema], capture_output=True, text=True, check=False, timeout=60)
    found = [] if run.returncode == 0 else [run.stdout + run.stderr]
    try:
        # The reader takes addresses only; Docker also knows the word host-gateway.
        compose_spec.PyCompose.from_json(json.dumps(compose).replace("host-gateway", "172.17.0.1"))
    except ValueError as refusal:
        found.append(str(refusal))
    return found


def ours(compose: Tree) -> dict[str, Tree]:
    """The services that run kessai."""
    return {name: each for name, each in compose["services"].items() if each["image"].startswith("kessai:")}


def problems(compose: Tree) -> list[str]:
    """Everything in a compose file that our rules refuse, but for commands and variables."""
    return [
        problem
        for name, service in compose["services"].items()
        for problem in [
            *_image_problems(name, service),
            *_dependency_problems(name, service, compose["services"]),
            *_volume_problems(name, service, compose.get("volumes") or {}),
            *_lifetime_problems(name, service),
        ]
    ] + [
        problem for name, service in ours(compose).items() for problem in _confinement_problems(name, service)
    ]


def usage_problems(compose: Tree) -> list[str]:
    """Command lines and health checks of our services which the command would refuse."""
    found = []
    for service in ours(compose).values():
        found += command_problems(service["command"])
        test = service["healthcheck"].get("test")
        if test:
            found += command_problems(test[2:])
    return found


def port_problems(compose: Tree) -> list[str]:
    """Health checks and published ports that miss the port a service listens on."""
    found = []
    for name, service in ours(compose).items():
        port = option(service["command"], "--port")
        url = option(service["healthcheck"].get("test") or [], "--url")
        if url is not None and url != f"http://127.0.0.1:{port}":
            found.append(f"{name}: listens on {port}, is checked at {url}")
        found += [
            f"{name}: listens on {port}, publishes {published}"
            for published in service.get("ports", [])
            if published.rpartition(":")[2] != port
        ]
    return found


def insecure_defaults(text: str) -> list[str]:
    """Secrets that the compose file would make up rather than ask for."""
    return [
        line.strip()
        for line in text.splitlines()
        for name in SECRET_VARIABLES
        if re.search(rf"\b{name}\b", line)
        and not line.lstrip().startswith("#")
        and f"${{{name}:?" not in line
    ]


def _image_problems(name: str, service: Tree) -> list[str]:
    tag = service["image"].partition(":")[2]
    return [f"{name}: pin the image's tag"] if tag in PINNED_TAG else []


def _dependency_problems(name: str, service: Tree, services: Tree) -> list[str]:
    found = []
    for other, wait in (service.get("depends_on") or {}).items():
        if other not in services:
            found.append(f"{name}: depends on {other}, which is not there")
        elif wait["condition"] == "service_healthy" and "test" not in services[other].get("healthcheck", {}):
            found.append(f"{name}: waits for {other} to be healthy, which nothing checks")
        elif wait["condition"] == "service_completed_successfully" and services[other]["restart"] != "no":
            found.append(f"{name}: waits for {other} to end, which is started again")
        elif wait["condition"] == "service_started":
            found.append(f"{name}: waits for {other} to start, not to be ready")
    return found


def _volume_problems(name: str, service: Tree, volumes: Tree) -> list[str]:
    sources = (str(each).partition(":")[0] for each in service.get("volumes", []))
    return [f"{name}: volume {source} is not declared" for source in sources if source not in volumes]


def _lifetime_problems(name: str, service: Tree) -> list[str]:
    found = []
    if "restart" not in service:
        found.append(f"{name}: say whether to restart")
    if "healthcheck" not in service:
        found.append(f"{name}: say how its health is checked")
    return found


def _confinement_problems(name: str, service: Tree) -> list[str]:
    wanted = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
    found = [f"{name}: {key} should be {value}" for key, value in wanted.items() if service.get(key) != value]
    if "stop_grace_period" not in service:
        found.append(f"{name}: stop_grace_period is missing")
    return found
