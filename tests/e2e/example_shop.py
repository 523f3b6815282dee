"""The shop of examples/shop as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from tests.e2e.waiting import until
from tests.support.processes import plain_environment

SHOP: Final = Path(__file__).parents[2] / "examples" / "shop" / "shop.py"


@contextmanager
def open_shop(api: str, directory: Path) -> Iterator[str]:
    """The shop as a process; gives its address."""
    env = {
        "STRIPE_API_BASE": api,
        "STRIPE_API_KEY": "sk_test_example_shop",
        "SHOP_PORT": "0",
        "SHOP_DATABASE": str(directory / "shop.sqlite"),
    }
    with (directory / "shop.stderr").open("w") as errors:
        shop = subprocess.Popen(
            [sys.executable, str(SHOP)],
            cwd=directory,
            env=plain_environment(env),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        assert shop.stdout is not None
        line = shop.stdout.readline()
        assert line.startswith("The shop is open at "), (directory / "shop.stderr").read_text()
        yield line.rpartition(" ")[2].strip()
    finally:
        shop.kill()
        shop.communicate()


async def paid(shop: str, order_id: str) -> str:
    """Where an order stands, once it is open no longer."""

    async def moved() -> str | None:
        async with httpx.AsyncClient() as client:
            found = (await client.get(f"{shop}/orders/{order_id}")).text
        return None if found == "open" else found

    return await until(moved)
