"""The native API with another merchant's ids, cursors and keys: what to ask is in its OpenAPI document."""

from __future__ import annotations

from typing import Any

from tests.prove.native_document import Operation
from tests.prove.tenant_pairs import Pairs
from tests.support.places import Place


async def try_native(pairs: Pairs, known: list[Operation], own: dict[str, str]) -> set[str]:
    """Ask every operation that needs a key; returns those that were asked."""
    covered: set[str] = set()
    for each in known:
        if not each.needs_key:
            continue
        name = f"{each.method} {each.path}"
        if missing := set(each.path_names) - (own.keys() & pairs.theirs.native.keys()):
            # Reported as an operation without a case.
            pairs.counts[f"nothing to ask {name} with: {', '.join(sorted(missing))}"] += 1
            continue
        await _ask(pairs, name, each, own)
        await pairs.compare_rows(name)
        covered.add(name)
    return covered


async def _ask(pairs: Pairs, name: str, operation: Operation, own: dict[str, str]) -> None:
    for slot in operation.path_names:
        await _ask_in_path(pairs, name, operation, slot, own)
    for place in (*operation.places, *operation.queries):
        await _ask_at(pairs, name, operation, place, own)
    for headers in ({"X-API-Key": pairs.theirs.key}, {"Idempotency-Key": f"of nobody yet: {name}"}):
        method, path, more = _request(operation, own, own)
        answer = await pairs.ask(method, path, headers=headers, **more)
        pairs.counts["operations that take one's own ids"] += answer.is_success
        if answer.is_success and operation.method != "GET":
            return


async def _ask_in_path(pairs: Pairs, name: str, operation: Operation, slot: str, own: dict[str, str]) -> None:
    theirs = pairs.theirs.native

    def request(value: str) -> tuple[str, str, dict[str, Any]]:
        return _request(operation, {**own, slot: value}, own)

    if operation.method == "GET":
        await pairs.is_read(name, operation.at(theirs))
    pairs.misses(name, await pairs.compare(name, f"{{{slot}}} is", theirs[slot], request))
    for kind in pairs.some([each for each in theirs if each != slot], 0):
        await pairs.compare(name, f"{{{slot}}} is a {kind}", theirs[kind], request)


async def _ask_at(pairs: Pairs, name: str, operation: Operation, place: Place, own: dict[str, str]) -> None:
    theirs = pairs.theirs.native

    def request(value: str) -> tuple[str, str, dict[str, Any]]:
        method, path, more = _request(operation, own, own)
        if place in operation.queries:
            return method, path, {**more, "params": place.put({}, value)}
        return method, path, {**more, "json": place.put(more.get("json") or {}, value)}

    if place.leaf.endswith("_id"):
        kinds = sorted(theirs, key=lambda each: each != place.leaf)
        # What is called by another name may be of any kind.
        for kind in pairs.some(kinds, 1 if place.leaf in theirs else len(kinds)):
            await pairs.compare(name, f"{place.name} is a {kind}", theirs[kind], request)
    elif place.leaf == "cursor":
        for cursor in pairs.some(pairs.theirs.cursors, 2):
            method, path, more = request(cursor)
            await pairs.ask(method, path, **more)


def _request(
    operation: Operation, ids: dict[str, str], own: dict[str, str]
) -> tuple[str, str, dict[str, Any]]:
    body = operation.body(own)
    return operation.method, operation.at(ids), {} if body is None else {"json": body}
