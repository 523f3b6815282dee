"""Somebody with a browser without scripts, who is sent to the gateway's pages."""

from __future__ import annotations

from urllib.parse import urljoin

import httpx

from tests.support.pages import Form, Page

SHOP = "https://shop.example"


class Payer:
    """A browser without scripts, which stays away from the shop. `at` is where it would be."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.at = ""
        self.page = Page("")

    async def go(self, url: str) -> Page:
        """Open an address, and follow where it leads."""
        return await self._follow(await self._client.get(url), url)

    async def turned_away(self, url: str) -> Page:
        """The page at an address that is gone."""
        answer = await self._client.get(url)
        assert answer.status_code == 410, answer.text
        return Page(answer.text)

    async def send(self, form: Form, **fields: str) -> Page:
        """Send a form with these fields filled in."""
        url = urljoin(self.at, form.action)
        answer = await self._client.request(form.method, url, data={**form.fields, **fields})
        return await self._follow(answer, url)

    async def _follow(self, answer: httpx.Response, url: str) -> Page:
        while answer.status_code == 303:
            url = urljoin(url, answer.headers["location"])
            if url.startswith(SHOP):
                self.at, self.page = url, Page("")
                return self.page
            answer = await self._client.get(url)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        self.at, self.page = url, Page(answer.text)
        return self.page
