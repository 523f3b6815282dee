"""Somebody with a browser: goes to pages as people do, and notes whatever a person would stumble over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Request, Response, ViewportSize

from tests.support.node_packages import installed

DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 800}
PHONE: Final[ViewportSize] = {"width": 320, "height": 640}
"""As narrow as WCAG 2.2 asks pages to be readable without scrolling to the side (1.4.10)."""
_TIMEOUT_MS: Final = 15_000


@dataclass
class Payer:
    """Who is on a `page`. Pictures of what they looked at are kept in `album`."""

    page: Page
    album: Path
    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    """What the browser complained of: errors of scripts, requests that failed, anything on its console."""
    has_scripts: bool = True
    barriers: list[str] = field(default_factory=list)
    """What keeps people from using what was seen: by axe-core, which is a script, and by its width."""

    def watch(self) -> None:
        """Note what the browser asks for and what it complains of."""
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)
        self.page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        self.page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))

    async def sees(self, heading: str) -> None:
        """Wait until a page with this heading is there, keep a picture of it, and note its barriers."""
        await self.page.get_by_role("heading", name=heading, level=1).wait_for()
        number = len(list(self.album.glob("*.png"))) + 1
        await self.page.screenshot(path=self.album / f"{number} {heading}.png", full_page=True)
        if await self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.barriers.append(f"{heading}: wider than the screen")
        if self.has_scripts:
            self.barriers += [f"{heading}: {each}" for each in await self._judged()]

    async def tab_to(self, role: Any, name: str) -> None:
        """Press Tab, and find oneself on what has this role and name."""
        await self.press("Tab")
        focused = self.page.get_by_role(role, name=name, exact=True).and_(self.page.locator(":focus"))
        await focused.wait_for()

    async def press(self, key: str) -> None:
        """Press a key."""
        await self.page.keyboard.press(key)

    async def _judged(self) -> list[str]:
        await self.page.evaluate((installed("axe-core") / "axe.min.js").read_text())
        found = await self.page.evaluate("axe.run()")
        return [f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]]

    def _asked(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).hostname or request.url)

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")


@asynccontextmanager
async def visiting(
    browser: Browser, album: Path, *, screen: ViewportSize = DESKTOP, has_scripts: bool = True
) -> AsyncIterator[Payer]:
    """A payer without history."""
    async with await browser.new_context(viewport=screen, java_script_enabled=has_scripts) as context:
        context.set_default_timeout(_TIMEOUT_MS)
        payer = Payer(await context.new_page(), album, has_scripts=has_scripts)
        payer.watch()
        yield payer
