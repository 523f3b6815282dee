"""The demo's story ends where something is not as expected, and says so."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from kessai.cli.demo.stage import Receiver, Shop, is_genuine
from kessai.cli.demo.story import tell
from kessai.cli.demo.telling import JsonTeller, Teller, TerminalTeller


@pytest.fixture
async def broken_shop() -> AsyncIterator[Shop]:
    """A shop whose gateway is ready, and then refuses everything."""

    async def answer(request: web.Request) -> web.Response:
        is_probe = request.path == "/readiness"
        return web.json_response({"status": "ready"} if is_probe else {}, status=200 if is_probe else 500)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as session:
        yield Shop(f"http://127.0.0.1:{runner.addresses[0][1]}", session)
    await runner.cleanup()


@pytest.mark.parametrize("teller", [JsonTeller, TerminalTeller])
async def test_a_story_ends_where_something_is_not_as_expected(
    broken_shop: Shop, teller: type[Teller], capsys: pytest.CaptureFixture[str]
) -> None:
    told = teller()

    await tell(broken_shop, Receiver(), told)
    told.finish()

    assert [step.all_held for step in told.steps] == [True, False]
    assert not told.all_held
    written = capsys.readouterr().out
    if teller is JsonTeller:
        *_, step, verdict = [json.loads(line) for line in written.splitlines()]
        assert step["expectations"] == [{"claim": "the endpoint is there", "held": False}]
        assert (verdict["ok"], verdict["steps"]) == (False, 2)
    else:
        assert "not as expected" in written
        assert "kessai doctor" in written


def test_the_verification_is_the_published_one() -> None:
    page = (Path(__file__).parents[3] / "docs/how-to/verify-webhooks.md").read_text()
    signature = "2e2c477dba4ef8b1425246164b6853ed593e8ddbe5b92754d3788274aacbd351"

    assert is_genuine(b'{"event":"ping"}', signature, "topsecret")
    assert not is_genuine(b'{"event":"pong"}', signature, "topsecret")
    assert "expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()" in page
    assert "return hmac.compare_digest(expected, signature)" in page
