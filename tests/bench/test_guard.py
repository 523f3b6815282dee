"""Whether a change has made every request slower, before a benchmark is run."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.bench.bounds import GUARDED
from tests.bench.guard import guarded, ratios

pytestmark = pytest.mark.slow


async def test_a_create_and_a_get_cost_no_more_than_a_few_bare_requests() -> None:
    # given kessai and a bare server
    with guarded() as pair:
        # when both are asked by turns
        seen = await ratios(pair)
        if _too_much(seen):
            # Machines have bad moments, and more so while other tests run: once more decides.
            seen = await ratios(pair, attempt=1)

    # then
    assert not _too_much(seen), f"CPU in times of a FastAPI hello: {seen}, not {GUARDED}"


def _too_much(seen: Mapping[str, float]) -> list[str]:
    return [operation for operation, most in GUARDED.items() if seen[operation] > most]
