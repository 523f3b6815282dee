"""Malformed requests, against a server as its users run it: no 5xx, and nothing that is undocumented."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, Final

import httpx

from kessai.dialects.native.errors import STATUS
from tests.api.stripe_dialect.conftest import Stripe
from tests.prove.fleet import Setting
from tests.prove.generating import generate
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.native_document import Operation, operations, stocked
from tests.prove.odd import Odd, Sent
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.walked import LeavingWalk, walk_through
from tests.support.native_schema import NativeJudge
from tests.support.server import RunningServer
from tests.support.stripe_schema import DEFAULT_SPEC, judge

CALLS: Final = 100_000
_GENERATED: Final = 0.3
"""The share of schemathesis, which takes most of the time."""
_EXAMPLES: Final = 60
"""Of each operation in one of its rounds."""
_FEW: Final = 0.01
"""Below this scale a round is of a few operations."""
_AT_ONCE: Final = 8
_NO_HTTP: Final = "Invalid HTTP request received."
_STRIPE_TYPES: Final = ("invalid_request_error", "card_error", "idempotency_error", "api_error")
SETTING: Final = Setting()
_NO_DOCUMENT: Final = (
    f"it is not at {DEFAULT_SPEC.resolve()}; put latest/openapi.spec3.json of github.com/stripe/openapi there"
)


@dataclass(slots=True)
class Tally:
    """What was answered, and what should not have been. `native` knows the native API's document."""

    native: NativeJudge
    statuses: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    def note(self, sent: Sent, answer: httpx.Response) -> None:
        """Hold an answer against what its API documents."""
        api = "Stripe API" if sent.of_stripe else "native API"
        self.statuses[f"{api}, {answer.status_code // 100}xx"] += 1
        if answer.status_code >= 500:
            self.errors.append(f"{answer.status_code} to {sent}: {answer.text[:300]}")
        elif problem := _problem(sent, answer, self.native):
            self.strange.append(f"{answer.status_code} to {sent}: {problem[:600]}")


def prove_malformed(kind: Kind, scale: float, seed: int, setting: Setting = SETTING) -> Report:
    """Generated requests of the native API, then odd ones of both; then a look into the log."""
    report = Report("prove malformed", kind, scale, seed)
    with open_ground(kind, report) as ground, _serving(ground, setting) as server:
        document = httpx.get(f"{server.base_url}/openapi.json", trust_env=False).json()
        tally = Tally(NativeJudge(document))
        asyncio.run(_odd_ones(server, report, tally, operations(document)))
        _generated_ones(server, report)
        logged = [line for line in server.stderr.splitlines() if "internal_error" in line]
        _judge(report, tally, logged)
    return report


def _judge(report: Report, tally: Tally, logged: list[str]) -> None:
    for name, number in sorted(tally.statuses.items()):
        report.note(f"odd requests, {name}", number)
    _hold_none(report, "an answer is a server error", tally.errors)
    _hold_none(report, "an answer is not as documented", tally.strange)
    _hold_none(report, "a request was not answered", tally.unanswered)
    _hold_none(report, "an internal error was logged", logged)


@contextmanager
def _serving(ground: Ground, setting: Setting) -> Iterator[RunningServer]:
    """A server that delivers nothing: URLs come from chance."""
    env = {**setting.environment(time.time()), "SIMULATED_TIMEOUT_MS": "0"}
    module = "tests.prove.server" if setting.is_a_world else "kessai"
    arguments = ("--db", ground.url, "--no-dispatch")
    with RunningServer(*arguments, directory=ground.directory, env=env, module=module) as server:
        yield server


def _client(server: RunningServer) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.base_url, headers=server.headers, timeout=60, trust_env=False)


async def _odd_ones(server: RunningServer, report: Report, tally: Tally, known: Sequence[Operation]) -> None:
    async with _client(server) as client:
        ids = await stocked(known, client.request)
        missing = {name for each in known for name in each.path_names} - ids.keys()
        left = await walk_through(LeavingWalk(Stripe(client, None)))
        wanted = round(CALLS * report.scale * (1 - _GENERATED))
        odd = Odd(report.seed, left, known, {**dict.fromkeys(missing, "x"), **ids})
        waiting = islice(odd, wanted)
        progress = Progress(f"malformed on {report.database}: odd ones", wanted)

        async def work() -> None:
            for sent in waiting:
                await _send(client, sent, tally)
                progress.at(tally.statuses.total())

        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work())
        progress.end()
    report.hold("odd requests", tally.statuses.total(), ">=", wanted, "")
    if judge() is not None:
        report.note("Stripe's own document", "a judge of its answers")
    else:
        report.leave_out("answers held against Stripe's own document", _NO_DOCUMENT)


async def _send(client: httpx.AsyncClient, sent: Sent, tally: Tally) -> None:
    url = httpx.URL(str(client.base_url), raw_path=sent.path.encode("utf-8", "surrogatepass"))
    kept = {name: value.encode() for name, value in client.headers.items()}
    headers = {name.encode(): value for name, value in {**kept, **sent.headers}.items()}
    request = httpx.Request(sent.method, url, headers=headers, content=sent.content)
    try:
        tally.note(sent, await client.send(request))
    except httpx.HTTPError as error:
        tally.statuses["unanswered"] += 1
        tally.unanswered.append(f"{sent}: {error!r}")


def _problem(sent: Sent, answer: httpx.Response, native: NativeJudge) -> str:
    """What is wrong with an answer; nothing if it is as its API says."""
    try:
        found = answer.json()
    except ValueError:
        # What is no HTTP is refused by the server before it comes to an API.
        return "" if answer.text == _NO_HTTP and not _is_http(sent) else f"no JSON: {answer.text[:200]}"
    if answer.status_code < 400:
        known = judge() if sent.of_stripe else native
        path = sent.path.partition("?")[0]
        return "; ".join(known.problems(sent.method, path, answer.status_code, found)) if known else ""
    return _refusal_problem(found, answer.status_code, of_stripe=sent.of_stripe)


def _is_http(sent: Sent) -> bool:
    return b"\x7f" not in b"".join(sent.headers.values())


# Any: JSON.
def _refusal_problem(found: Any, status: int, *, of_stripe: bool) -> str:
    error = found.get("error") if isinstance(found, dict) and set(found) == {"error"} else None
    if not isinstance(error, dict) or not error.get("message"):
        return f"no envelope: {json.dumps(found)[:200]}"
    if of_stripe:
        return "" if error.get("type") in _STRIPE_TYPES else f"type {error.get('type')}"
    return "" if STATUS.get(error.get("code", "")) == status else f"code {error.get('code')} with {status}"


def _generated_ones(server: RunningServer, report: Report) -> None:
    """Rounds of schemathesis until there are enough, each with a seed of its own."""
    wanted = round(CALLS * report.scale * _GENERATED)
    few = report.scale < _FEW
    done, failures, rounds = 0, list[str](), 0
    ids = asyncio.run(_ids(server))
    progress = Progress(f"malformed on {report.database}: generated ones", wanted)
    for number in count():
        found = generate(
            server.base_url,
            server.api_key,
            server.stderr_file.parent,
            ids,
            examples=1 if few else _EXAMPLES,
            seed=report.seed + number,
            only="^(create_refund|list_api_keys|rotate_api_key)$" if few else None,
        )
        done, rounds = done + found.count, number + 1
        progress.at(done)
        failures += [f"seed {report.seed + number}: {each}" for each in found.failures]
        if found.failures:
            report.evidence[f"generated, seed {report.seed + number}"] = found.text[-20_000:]
        if done >= wanted:
            break
    progress.end()
    report.hold("generated requests", done, ">=", wanted, "")
    report.note("rounds of schemathesis, all phases", rounds)
    _hold_none(report, "a generated request shows a defect", failures)


async def _ids(server: RunningServer) -> dict[str, str]:
    """One of each thing, and the key that is used."""
    async with _client(server) as client:
        keys = (await client.get("/api/v1/merchants/me/api-keys")).json()["data"]
        known = operations((await client.get("/openapi.json")).json())
        return {**await stocked(known, client.request), "own_key_id": keys[-1]["id"]}


def _hold_none(report: Report, promise: str, found: list[str]) -> None:
    report.hold(promise, len(found), "==", 0, "times")
    if found:
        report.breaks(promise, **{promise: found[:30]})
