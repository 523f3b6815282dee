"""One request from bytes to bytes: read, load, decide, render, commit, and only then answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, assert_never

import structlog

from kessai.domain.change import Change
from kessai.domain.errors import ConflictError, DatabaseUnavailableError, KessaiError
from kessai.domain.idempotency import KeyClaim
from kessai.http.answer import Answer, Send, hang_up, send_answer
from kessai.http.call import Call, Reply, Visit
from kessai.http.dialect import Dialect
from kessai.http.errors import InternalError
from kessai.http.gate import Gate
from kessai.http.idempotency import Idempotency
from kessai.http.json import to_json
from kessai.http.queues import Queues
from kessai.http.request import ClientGoneError, Receive, Request
from kessai.http.routing import Match, Operation, RouteTable
from kessai.services.ports import Clock, IdFactory
from kessai.services.services import Services
from kessai.storage.journal import Committed, Database, KeyTaken, Stale

App = Callable[[Any, Any, Any], Awaitable[None]]

_TRIES: Final = 100
"""How often a decision is made anew because its payment moved meanwhile; each time somebody got through.

Another process that is quicker at it may get through all its own requests first.
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """What the exchange works with. `observe` is told operation, status and seconds of every answer."""

    services: Services
    database: Database
    gate: Gate
    idempotency: Idempotency
    clock: Clock
    ids: IdFactory
    observe: Callable[[str, int, float], None]
    body_timeout_s: float


@dataclass(slots=True)
class _Turn:
    """One request on its way: what it is, when it came, which headers its answer has whatever it is."""

    request: Request
    match: Match
    operation: Operation | None
    dialect: Dialect
    now: datetime
    request_id: str
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Moved:
    """Nothing was written: what this would have changed has moved since it was read."""

    change: Change

    @property
    def subject(self) -> str:
        """What was fought over: a payment, or something that its merchant seldom changes."""
        payment, records = self.change.payment, self.change.records
        return payment.id if payment else records[0].id if records else ""


class Exchange:
    """The ASGI application of every API route; what it does not know it hands to `rest`."""

    def __init__(self, table: RouteTable, parts: Parts, rest: App) -> None:
        self._table = table
        self._parts = parts
        self._rest = rest
        self._queues = Queues()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        match = self._table.find(scope["path"]) if scope["type"] == "http" else None
        if match is None:
            await self._rest(scope, receive, send)
            return
        clock = self._parts.clock
        started = clock.monotonic()
        turn = self._begin(Request(scope, receive), match)
        try:
            answer = await self._answer(turn)
        except ClientGoneError:
            return
        if answer.replays is not None:
            turn.headers += turn.dialect.replay_headers(answer.replays)
        if answer.after_s:
            await clock.sleep(answer.after_s)
        name = turn.operation.name if turn.operation else "method_not_allowed"
        self._parts.observe(name, answer.status, clock.monotonic() - started)
        if answer.is_lost:
            await hang_up(receive, send)
        else:
            await send_answer(send, answer, turn.headers, with_body=turn.request.method != "HEAD")

    def _begin(self, request: Request, match: Match) -> _Turn:
        now = self._parts.clock.now()
        request_id = request.request_id or self._parts.ids.new_id(now)
        operation = match.operations.get("GET" if request.method == "HEAD" else request.method)
        dialect = (operation or next(iter(match.operations.values()))).dialect
        headers = [(b"x-request-id", request_id.encode()), *dialect.answer_headers(request, request_id)]
        return _Turn(request, match, operation, dialect, now, request_id, headers)

    async def _answer(self, turn: _Turn) -> Answer:
        operation, dialect = turn.operation, turn.dialect
        try:
            if operation is None:
                raise dialect.unknown(turn.request.method, turn.request.path, turn.match.methods)
            return await self._run(turn, operation)
        except KessaiError as refusal:
            return dialect.refuse(refusal, turn.request_id)
        except ClientGoneError:
            raise
        except Exception:
            # Ours to mend: the log has the trace, the client the request id.
            log.exception(
                "internal_error", request_id=turn.request_id, operation=operation and operation.name
            )
            return dialect.refuse(InternalError(), turn.request_id)

    async def _run(self, turn: _Turn, operation: Operation) -> Answer:
        request = turn.request
        visit = await self._admitted(turn, operation)
        raw = await request.body(self._parts.body_timeout_s) if operation.reader.takes_body else b""
        given, asked = operation.reader.read(request, raw)
        arguments = {operation.call_argument: visit, **turn.match.parameters, **given}
        claim: KeyClaim | None = None
        if isinstance(visit, Call) and visit.idempotency_key is not None:
            claim = self._parts.idempotency.claim(visit.idempotency_key, visit, request, asked)
            if (earlier := await self._parts.idempotency.replay_of_recent(claim)) is not None:
                return earlier
        result = await self._attempt(operation, arguments, claim)
        if isinstance(result, Answer):
            return result
        async with self._queues.turn(result.subject):
            for _ in range(_TRIES):
                result = await self._attempt(operation, arguments, claim)
                if isinstance(result, Answer):
                    return result
        raise ConflictError("too many requests move this at once", hint="try again")

    async def _admitted(self, turn: _Turn, operation: Operation) -> Visit:
        parts, request = self._parts, turn.request
        if not operation.needs_key:
            return Visit(turn.now, parts.services, turn.request_id)
        dialect = operation.dialect
        shown = dialect.credentials(request)
        admitted = await parts.gate.admit(
            shown,
            turn.now,
            turn.headers,
            is_local=request.is_local,
            takes_strangers=dialect.takes_strangers,
            takes_public=dialect.takes_public_keys,
        )
        idempotency_key = dialect.idempotency_key(request) if request.method == "POST" else None
        return Call(turn.now, parts.services, turn.request_id, *admitted, idempotency_key)

    async def _attempt(
        self, operation: Operation, arguments: dict[str, Any], claim: KeyClaim | None
    ) -> Answer | _Moved:
        """Load, decide, render and commit once."""
        parts = self._parts
        reply = await self._decide(operation, arguments, claim)
        if isinstance(reply, Answer):
            return reply
        answer = _rendered(reply)
        change = reply.change
        if claim is not None:
            change = parts.idempotency.protect(change, claim, answer, is_secret=reply.is_secret)
        if change is None:
            return answer
        result = await parts.database.commit(change)
        match result:
            case Committed():
                if claim is not None:
                    parts.idempotency.used(claim)
                parts.services.committed(change, result)
                return answer
            case KeyTaken(taken) if claim is not None:
                parts.idempotency.used(claim)
                return parts.idempotency.replay(taken, claim)
            case Stale() | KeyTaken():
                return _Moved(change)
            case _:
                assert_never(result)

    async def _decide(
        self, operation: Operation, arguments: dict[str, Any], claim: KeyClaim | None
    ) -> Reply | Answer:
        """What the route decides, or what its key was answered before."""
        parts = self._parts
        try:
            reply: Reply = await operation.handler(**arguments)
        except DatabaseUnavailableError:
            # Who has just waited for the database in vain need not ask it about the key as well.
            raise
        except KessaiError:
            # The first request with this key may have brought about what is now in the way.
            if claim is not None and (earlier := await parts.idempotency.earlier(claim)):
                return earlier
            raise
        if not reply.wait_s and reply.act is None:
            return reply
        # What takes long, or is felt outside, is not done again for a repeated request.
        if claim is not None and (earlier := await parts.idempotency.earlier(claim)):
            return earlier
        if reply.wait_s:
            await parts.clock.sleep(reply.wait_s)
        return reply if reply.act is None else await reply.act()


def _rendered(reply: Reply) -> Answer:
    content = reply.content
    return Answer(
        reply.status,
        content if isinstance(content, bytes) else to_json(content),
        reply.content_type,
        reply.headers,
        after_s=reply.answer_after_s,
        is_lost=reply.answer_is_lost,
    )
