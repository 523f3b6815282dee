"""The example shop and the server as processes of their own, walked through as a payer's browser would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.e2e.waiting import until
from tests.support.pages import Form, Page
from tests.support.processes import plain_environment
from tests.support.server import Serve

SHOP: Final = Path(__file__).parents[2] / "examples" / "shop" / "shop.py"


class Browser:
    """One without scripts. `at` is where it is."""

    def __init__(self) -> None:
        self._client = httpx.Client(follow_redirects=True, timeout=20)
        self.at = ""
        self.page = Page("")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def go(self, url: str) -> Page:
        """Open an address."""
        return self._opened(self._client.get(url))

    def send(self, form: Form, **fields: str) -> Page:
        """Send a form with these fields filled in."""
        url = urljoin(self.at, form.action)
        return self._opened(self._client.request(form.method, url, data={**form.fields, **fields}))

    def _opened(self, answer: httpx.Response) -> Page:
        assert answer.status_code == 200, answer.text
        self.at, self.page = str(answer.url), Page(answer.text)
        return self.page


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


@pytest.fixture
def shop(serve: Serve, tmp_path: Path) -> Iterator[str]:
    """The address of a shop that is paid through a server."""
    server = serve()
    with open_shop(server.base_url, tmp_path) as url:
        yield url


async def test_an_order_is_fulfilled_by_the_webhook(shop: str) -> None:
    with Browser() as browser:
        browser.send(browser.go(shop).form)
        assert "/stripe/checkout/cs_test_" in browser.at
        assert "Tea, 100 g" in browser.page.text
        page = browser.send(browser.page.form, email="kim@example.com", method="visa_chargeDeclined")
        assert "declined" in page.alert

        page = browser.send(page.form, method="authenticationRequired")
        assert "/stripe/challenge/" in browser.at
        page = browser.send(page.form_with("Approve"))

        assert browser.at.startswith(f"{shop}/success?session_id=cs_test_")
        assert await paid(shop, page.by_id["order"]) == "paid"
        assert browser.go(browser.at).by_id["status"] == "paid"


def test_who_goes_back_has_not_paid(shop: str) -> None:
    with Browser() as browser:
        browser.send(browser.go(shop).form)
        (back,) = browser.page.links
        assert urlsplit(back).path == "/"
        assert browser.go(back).form.button == "Buy"


def test_nobody_else_can_say_that_an_order_is_paid(shop: str) -> None:
    forged = httpx.post(f"{shop}/webhook", content=b"{}", headers={"stripe-signature": "t=1,v1=00"})
    assert forged.status_code == 400
    assert httpx.get(f"{shop}/success?session_id=cs_test_none").status_code == 404
