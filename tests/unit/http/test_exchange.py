"""One request from bytes to bytes, with a journal that answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, cast

import orjson
import pytest
import structlog
from sqlalchemy import Connection

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.adapters.secret_box import FernetBox
from kessai.dialects.native.dialect import NativeDialect
from kessai.domain.change import Change
from kessai.domain.errors import NotFoundError
from kessai.http.call import Reply, Visit
from kessai.http.exchange import Exchange, Parts
from kessai.http.gate import Gate
from kessai.http.idempotency import Idempotency
from kessai.http.routes import Router
from kessai.http.routing import route_table
from kessai.services.services import Services
from kessai.storage.journal import COMMITTED, STALE, CommitResult
from kessai.storage.query import Query
from tests.support.manual_clock import ManualClock
from tests.unit.http.asgi import Message, Wire, scope_of


class ScriptedDatabase:
    """Answers commits as told, and has no rows."""

    def __init__(self, *results: CommitResult | Exception) -> None:
        self.results = list(results)
        self.commits = 0

    async def rows(self, query: Query, **params: object) -> Sequence[tuple[Any, ...]]:
        return []

    async def commit(self, change: Change) -> CommitResult:
        self.commits += 1
        result = self.results.pop(0) if self.results else COMMITTED
        if isinstance(result, Exception):
            raise result
        return result

    async def run(self, unit: Callable[[Connection], Any]) -> Any:
        raise AssertionError("no request runs statements of its own")

    async def close(self) -> None:
        return


class Told:
    """Services that only want to know what was committed."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.committed = lambda change, _how: self.changes.append(change)


class Bench:
    """An exchange with one route, which does what it is told."""

    def __init__(self, handle: Callable[[], Reply], database: ScriptedDatabase | None = None) -> None:
        self.database = database or ScriptedDatabase()
        self.told = Told()
        self.observed: list[tuple[str, int]] = []
        self.clock = ManualClock()
        self.handled = 0
        router = Router()

        async def handler(visit: Visit) -> Reply:
            self.handled += 1
            return handle()

        handler.__annotations__["visit"] = Visit
        for method in ("GET", "POST"):
            router.add(method, "/do", handler, operation_id="do")
        parts = Parts(
            services=cast("Services", self.told),
            database=self.database,
            gate=cast("Gate", None),
            idempotency=Idempotency(self.database, FernetBox(["x" * 32]), timedelta(hours=1)),
            clock=self.clock,
            ids=UuidFactory(SeededDice(1)),
            observe=lambda name, status, _seconds: self.observed.append((name, status)),
            body_timeout_s=1,
        )
        self.exchange = Exchange(route_table([(NativeDialect(), "", router)]), parts, self.rest)

    async def rest(self, scope: Message, receive: Any, send: Any) -> None:
        await send({"type": "rest", "path": scope.get("path")})

    async def ask(self, method: str = "POST", path: str = "/do", wire: Wire | None = None) -> list[Message]:
        wire = wire or Wire(b"")
        headers = [(b"transfer-encoding", b"chunked")]
        await self.exchange(scope_of(method, path, headers=headers), wire.receive, wire.send)
        return wire.sent


def code_of(sent: list[Message]) -> str:
    return str(orjson.loads(sent[1]["body"])["error"]["code"])


async def test_an_answer_leaves_only_once_its_change_is_durable() -> None:
    bench = Bench(lambda: Reply(201, {"a": 1}, Change()))
    sent = await bench.ask()
    assert (sent[0]["status"], sent[1]["body"]) == (201, b'{"a":1}')
    assert bench.database.commits == 1
    assert bench.told.changes == [Change()]
    assert bench.observed == [("do", 201)]


async def test_what_changes_nothing_commits_nothing() -> None:
    bench = Bench(lambda: Reply(200, b"<p>", content_type="text/html"))
    sent = await bench.ask("GET")
    assert sent[1]["body"] == b"<p>"
    assert (bench.database.commits, bench.told.changes) == (0, [])


async def test_what_has_moved_meanwhile_is_decided_anew() -> None:
    bench = Bench(lambda: Reply(200, {}, Change()), ScriptedDatabase(STALE, STALE, COMMITTED))
    assert (await bench.ask())[0]["status"] == 200
    assert (bench.handled, len(bench.told.changes)) == (3, 1)


async def test_who_loses_every_race_is_told_to_try_again() -> None:
    bench = Bench(lambda: Reply(200, {}, Change()), ScriptedDatabase(*[STALE] * 200))
    sent = await bench.ask()
    assert (sent[0]["status"], code_of(sent)) == (409, "CONFLICT")
    # more than the requests that a quicker process may get through first
    assert bench.handled == 101
    assert bench.told.changes == []


def broken() -> Reply:
    raise RuntimeError("the secret reason")


@pytest.mark.parametrize("database", [None, ScriptedDatabase(RuntimeError("the secret reason"))])
async def test_a_bug_of_ours_is_logged_and_not_shown(database: ScriptedDatabase | None) -> None:
    bench = Bench(broken if database is None else lambda: Reply(200, {}, Change()), database)
    with structlog.testing.capture_logs() as logs:
        sent = await bench.ask()
    assert (sent[0]["status"], code_of(sent)) == (500, "INTERNAL_ERROR")
    assert b"secret reason" not in sent[1]["body"]
    request_id = orjson.loads(sent[1]["body"])["error"]["request_id"]
    assert [(entry["event"], entry["request_id"]) for entry in logs] == [("internal_error", request_id)]


async def test_a_refusal_is_answered_in_the_dialects_words() -> None:
    def refused() -> Reply:
        raise NotFoundError("thing")

    bench = Bench(refused)
    sent = await bench.ask()
    assert (sent[0]["status"], code_of(sent)) == (404, "NOT_FOUND")
    assert bench.observed == [("do", 404)]


async def test_nobody_is_left_to_answer_when_the_client_is_gone() -> None:
    bench = Bench(lambda: Reply(200, {}, Change()))
    assert await bench.ask(wire=Wire(b"x", hangs_up=True)) == []
    assert (bench.handled, bench.observed) == (0, [])


async def test_other_paths_and_other_protocols_are_handed_on() -> None:
    bench = Bench(lambda: Reply(200, {}))
    assert await bench.ask(path="/other") == [{"type": "rest", "path": "/other"}]
    wire = Wire(b"")
    await bench.exchange({"type": "websocket"}, wire.receive, wire.send)
    assert wire.sent == [{"type": "rest", "path": None}]


async def test_a_wrong_method_is_counted_under_one_name() -> None:
    bench = Bench(lambda: Reply(200, {}))
    sent = await bench.ask("BREW")
    assert sent[0]["status"] == 405
    assert (b"allow", b"GET, HEAD, POST") in sent[0]["headers"]
    assert bench.observed == [("method_not_allowed", 405)]


async def test_an_answer_may_be_held_back_after_the_commit() -> None:
    bench = Bench(lambda: Reply(200, {}, Change(), answer_after_s=5))
    asking = asyncio.create_task(bench.ask())
    await bench.clock.until_asleep()
    assert bench.told.changes == [Change()]
    assert not asking.done()
    bench.clock.advance(timedelta(seconds=5))
    assert (await asking)[0]["status"] == 200


async def test_a_silent_bank_is_waited_for_before_the_commit() -> None:
    bench = Bench(lambda: Reply(200, {}, Change(), wait_s=5))
    asking = asyncio.create_task(bench.ask())
    await bench.clock.until_asleep()
    assert bench.database.commits == 0
    bench.clock.advance(timedelta(seconds=5))
    await asking
    assert bench.database.commits == 1
