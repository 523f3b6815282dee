"""The floor: what a bare client costs that posts the same bytes, without signing, rows or retries.

`python -m tests.bench.floor URL COUNT CONCURRENCY` reads the body from stdin and prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final

import aiohttp
import uvloop

from tests.bench.due import ENDPOINTS
from tests.prove.processes import pinned

HEADERS: Final = (
    ("content-type", "application/json"),
    ("X-Webhook-Signature", "0" * 64),
    ("X-Webhook-Id", "0199d3c2-5f00-7000-8000-000000000001"),
    ("X-Webhook-Event", "payment.succeeded"),
    ("X-Webhook-Timestamp", "1790000000"),
    ("X-Webhook-Attempt", "1"),
    ("webhook-id", "0199d3c2-5f00-7000-8000-000000000001"),
    ("webhook-timestamp", "1790000000"),
    ("webhook-signature", "v1," + "A" * 43 + "="),
)


@dataclass(frozen=True, slots=True)
class Floor:
    """Posts, and the CPU seconds of the whole process."""

    posts: int
    cpu_s: float
    seconds: float

    @property
    def per_cpu_s(self) -> float:
        return self.posts / self.cpu_s


def measure_floor(url: str, count: int, concurrency: int, body: bytes, *, core: int) -> Floor:
    """Run it in a process of its own on one core."""
    command = [sys.executable, "-m", "tests.bench.floor", url, str(count), str(concurrency)]
    with pinned(core):
        done = subprocess.run(command, input=body, capture_output=True, check=True)
    return Floor(**json.loads(done.stdout))


async def _post_all(url: str, count: int, concurrency: int, body: bytes) -> None:
    numbers = iter(range(count))
    base = url.rpartition("/")[0]
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency),
        timeout=aiohttp.ClientTimeout(total=30, connect=10),
        headers={"User-Agent": "kessai/0.0.0", "Accept-Encoding": "identity"},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:

        async def post_some() -> None:
            for number in numbers:
                target = f"{base}/{number % ENDPOINTS}"
                async with session.post(target, data=body, headers=HEADERS, allow_redirects=False) as answer:
                    await answer.read()

        await asyncio.gather(*(post_some() for _ in range(concurrency)))


def _main(url: str, count: str, concurrency: str) -> None:
    body = sys.stdin.buffer.read()
    started = time.monotonic()
    uvloop.run(_post_all(url, int(count), int(concurrency), body))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = used.ru_utime + used.ru_stime
    print(json.dumps({"posts": int(count), "cpu_s": cpu_s, "seconds": time.monotonic() - started}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
