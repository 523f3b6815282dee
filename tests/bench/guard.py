"""What a create and a GET on SQLite cost beside a bare FastAPI hello in the same seconds.

It is CPU time and its ratio that are compared, not counts of instructions: `perf stat` has no counters on
most virtual machines, and callgrind runs Python some forty times slower, sees no kernel and is not on PyPI.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final

from tests.bench.figures import Figures, Key
from tests.bench.sample import first_create
from tests.bench.stage import Length, Target, bare, kessai, measure
from tests.prove.ground import open_ground

_ROUNDS: Final = 3
_LENGTH: Final = Length(seconds=0.6, warm_up_s=0.2)
_HELLO: Final = "hello"

Guarded = tuple[Target, Target]
"""The reference, and kessai."""


@contextmanager
def guarded() -> Iterator[Guarded]:
    """Both, started."""
    with ExitStack() as stack:
        ground = stack.enter_context(open_ground("sqlite"))
        first_create(ground)
        yield stack.enter_context(bare("fastapi", ground.directory)), stack.enter_context(kessai(ground))


async def ratios(pair: Guarded, attempt: int = 0) -> Mapping[str, float]:
    """CPU of an operation in CPU of a hello. Another `attempt` has other numbers in its requests.

    Of several rounds the least counts: what disturbs only adds.
    """
    reference, server = pair
    figures = Figures()
    asked = [(reference, _HELLO), (server, "create"), (server, "get")]
    for number in range(_ROUNDS):
        for target, operation in asked:
            saw = await measure(target, operation, 32, attempt * _ROUNDS + number, _LENGTH)
            if set(saw.statuses) - {"200", "201"} or not saw.answers:
                raise AssertionError(f"{operation} was answered {saw.statuses}: {saw.last_body[:500]}")
            figures.add(Key(target.name, operation), saw)
    least = {key.operation: min(saw.cpu_us("server") for saw in saws) for key, saws in figures.saws.items()}
    hello = least.pop(_HELLO)
    return {operation: cpu_us / hello for operation, cpu_us in least.items()}
