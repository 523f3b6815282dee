"""What is said once a server is ready, depending on what is in its database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kessai.bootstrap import Gateway, open_gateway, prepare
from kessai.cli.failures import CommandError
from kessai.cli.listening import Listening
from kessai.cli.welcome import Key, announce, key_to_show
from kessai.settings import Settings, load_settings

Make = Callable[..., Settings]

PRODUCTION = {"env": "production", "api_secret_key": "a-long-secret-of-this-test-and-only-of-it"}


@pytest.fixture
def settings(surroundings: Path) -> Make:
    """A function that makes settings for a migrated database in an empty directory."""

    def make(**given: Any) -> Settings:
        made = load_settings(**given)
        prepare(made)
        return made

    return make


async def key_at_start(settings: Settings) -> Key:
    async with open_gateway(settings) as gateway:
        return await key_to_show(gateway, await gateway.welcome())


@pytest.mark.parametrize(
    ("given", "secret_key"), [({}, "sk_test_kessai"), ({"api_key": "sk_test_mine"}, "sk_test_mine")]
)
async def test_a_known_key_is_shown_at_every_start(
    settings: Make, given: dict[str, str], secret_key: str
) -> None:
    assert await key_at_start(settings(**given)) == Key(secret_key)
    assert await key_at_start(settings(**given)) == Key(secret_key)


async def test_a_made_key_is_shown_once(settings: Make) -> None:
    first = await key_at_start(settings(host="0.0.0.0"))
    later = await key_at_start(settings(host="0.0.0.0"))

    assert first.secret_key
    assert "shown this once" in (first.remark or "")
    assert later.secret_key is None
    assert "the one you know" in (later.remark or "")


async def test_a_key_that_comes_too_late_is_said_to_be_ignored(settings: Make) -> None:
    await key_at_start(settings())

    later = await key_at_start(settings(api_key="sk_test_another"))

    assert later.secret_key is None
    assert "API_KEY opens nothing here" in (later.remark or "")


async def test_in_production_a_merchant_is_to_be_made(settings: Make) -> None:
    key = await key_at_start(settings(**PRODUCTION))

    assert key == Key(None, "there is no merchant yet: kessai merchants create --name NAME")


@pytest.mark.parametrize("reachable", [{"host": "0.0.0.0"}, {"env": "production"}])
async def test_a_key_that_everybody_knows_is_not_served_to_everybody(
    settings: Make, reachable: dict[str, str]
) -> None:
    own = {"api_secret_key": PRODUCTION["api_secret_key"]}
    await key_at_start(settings(**own))

    with pytest.raises(CommandError, match="everybody knows the key sk_test_kessai"):
        await key_at_start(settings(**own, **reachable))


async def said(settings: Settings, key: Key | None, capsys: pytest.CaptureFixture[str]) -> str:
    async with open_gateway(settings) as gateway:
        announce(Listening("127.0.0.1", 8123, []), gateway, key, as_json=False)
    return capsys.readouterr().out


async def test_people_get_a_line_to_paste(settings: Make, capsys: pytest.CaptureFixture[str]) -> None:
    told = await said(settings(), Key("sk_test_kessai"), capsys)

    assert 'Authorization: Bearer sk_test_kessai"' in told
    assert "kessai.db (SQLite)" in told
    assert "http://127.0.0.1:8123 is the base URL for its SDKs, any key sk_test_" in told
    assert "dispatch" not in told


async def test_a_key_that_is_not_ours_to_know_is_left_to_be_filled_in(
    settings: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    told = await said(settings(dispatch=False), Key(None, "the one you know"), capsys)

    assert "the one you know" in told
    assert "Bearer YOUR_SECRET_KEY" in told
    assert "kessai dispatch" in told


async def test_a_dispatcher_has_nothing_to_paste(settings: Make, capsys: pytest.CaptureFixture[str]) -> None:
    told = await said(settings(), None, capsys)

    assert "http://127.0.0.1:8123/readyz" in told
    assert "curl" not in told


async def test_who_does_not_read_what_is_said_is_served_all_the_same(
    settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    async with open_gateway(settings()) as gateway:
        monkeypatch.setattr("sys.stdout", Closed())
        announce(Listening("127.0.0.1", 8123, []), gateway, Key("sk_test_kessai"), as_json=True)
    assert isinstance(gateway, Gateway)
