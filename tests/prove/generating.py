"""Schemathesis against a running server, by its command line, with all its phases; this module has its hooks.

A hook keeps a run from ending itself: a merchant that was switched off, or whose key was replaced, is told
nothing any more. And it keeps it on this machine: URLs lead to a port that nobody listens on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import schemathesis

from kessai.domain.web_address import web_address
from tests.support.contract import CHECKS, Case, make_known
from tests.support.gateway import UNKNOWN
from tests.support.processes import UNMEASURED, plain_environment

_HOUSE: Final = Path(__file__).resolve().parents[2]
_IDS: Final = "PROVE_IDS"
_OWN_KEY: Final = "PROVE_OWN_KEY_ID"
_NOBODY: Final = "http://127.0.0.1:9/hook"
_URLS: Final = ("url", "webhook_url")
_PATIENCE_S: Final = 3_600
_PHASES: Final = "examples,coverage,fuzzing,stateful"


@dataclass(frozen=True, slots=True)
class Generated:
    """What one run of it did: how many requests, which kinds of failure, and what it wrote."""

    count: int
    failures: Sequence[str]
    text: str


def generate(
    base_url: str,
    api_key: str,
    directory: Path,
    ids: Mapping[str, str],
    *,
    examples: int,
    seed: int,
    only: str | None = None,
) -> Generated:
    """One run. `examples` are those of each operation; `only` is a pattern of operations' names.

    `ids` are those of things that are there, by the names of parameters; `own_key_id` is that of the key.
    """
    report = directory / f"generated-{seed}.json"
    checks = ",".join(each.__name__ for each in CHECKS)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{base_url}/openapi.json"),
        *("--header", f"Authorization: Bearer {api_key}", "--phases", _PHASES, "--checks", checks),
        *("--max-examples", str(examples), "--seed", str(seed), "--continue-on-failure", "--no-shrink"),
        *("--suppress-health-check", "all", "--report", "json", "--report-json-path", str(report)),
        *(("--include-operation-id-regex", only) if only else ()),
    ]
    env = {
        "SCHEMATHESIS_HOOKS": __name__,
        "PYTHONPATH": str(_HOUSE),
        _IDS: json.dumps(dict(ids)),
        _OWN_KEY: ids.get("own_key_id", ""),
    }
    done = subprocess.run(
        command,
        cwd=directory,
        env=plain_environment({**env, **UNMEASURED}),
        text=True,
        capture_output=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    found: dict[str, Any] = json.loads(report.read_text()) if report.exists() else {}
    if not found.get("test_cases", {}).get("generated"):
        raise RuntimeError(f"nothing was generated:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    wrong = [*found["failures"], *found["errors"]]
    return Generated(found["test_cases"]["generated"], [json.dumps(each) for each in wrong], done.stdout)


def _before_call(_context: Any, case: Case, _kwargs: dict[str, Any]) -> None:
    """Any: what the library passes."""
    make_known(case, json.loads(os.environ[_IDS]))
    if case.path_parameters.get("key_id") == os.environ[_OWN_KEY]:
        case.path_parameters["key_id"] = UNKNOWN
    if isinstance(case.body, dict):
        _tame(case.body)


def _tame(body: dict[str, Any]) -> None:
    if body.get("is_active") is False:
        body["is_active"] = True
    if body.get("simulate") in ("lost_response", "slow"):
        body["simulate"] = "success"
    for name in _URLS:
        if isinstance(body.get(name), str) and _leads_somewhere(body[name]):
            body[name] = _NOBODY


def _leads_somewhere(url: str) -> bool:
    try:
        web_address(url)
    except ValueError:
        return False
    return True


if _IDS in os.environ:
    schemathesis.hook("before_call")(_before_call)
