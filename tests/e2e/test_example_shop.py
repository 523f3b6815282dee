"""The example shop and the server as processes of their own, walked through without a browser: anywhere."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import httpx

from tests.e2e.example_shop import paid
from tests.support.pages import Form, Page


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
