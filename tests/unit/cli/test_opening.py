"""What a command changes is decided again when somebody else was quicker, and not for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kessai.bootstrap import Gateway, open_gateway, prepare
from kessai.cli.failures import CommandError
from kessai.cli.opening import committed
from kessai.domain.change import Change
from kessai.settings import load_settings


@pytest.fixture
async def gateway(surroundings: Path) -> AsyncIterator[Gateway]:
    """A gateway with its first merchant, on a file of its own."""
    del surroundings
    settings = load_settings()
    prepare(settings)
    async with open_gateway(settings) as opened:
        await opened.welcome()
        yield opened


class Race:
    """Renames the only merchant, and lets somebody else rename it first, `lost` times."""

    def __init__(self, gateway: Gateway, lost: int) -> None:
        self.gateway = gateway
        self.lost = lost
        self.tries = 0

    async def rename(self, name: str) -> tuple[str, Change]:
        [merchant] = await self.gateway.services.merchants.all(2)
        profile, change = await self.gateway.services.merchants.update(
            merchant, {"name": name}, at=self.gateway.clock.now()
        )
        return profile.merchant.name, change

    async def decide(self) -> tuple[str, Change]:
        decided = await self.rename("ours")
        if self.tries < self.lost:
            await self.gateway.database.commit((await self.rename("theirs"))[1])
        self.tries += 1
        return decided


async def test_who_comes_second_decides_again(gateway: Gateway) -> None:
    race = Race(gateway, lost=1)

    assert await committed(gateway, race.decide) == "ours"

    assert race.tries == 2
    [merchant] = await gateway.services.merchants.all(2)
    assert (merchant.name, merchant.version) == ("ours", 3)


async def test_who_always_comes_second_says_so(gateway: Gateway) -> None:
    with pytest.raises(CommandError, match="others are changing"):
        await committed(gateway, Race(gateway, lost=1000).decide)
