"""What cannot be done is refused in a sentence, with the right exit code, before anything is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import kessai as package
from kessai.cli.failures import ExitCode, tell
from tests.support.processes import is_listening, plain_environment
from tests.unit.cli.conftest import Command

HEAVY = (
    "asyncio",
    "fastapi",
    "sqlalchemy",
    "aiohttp",
    "pydantic_settings",
    "uvicorn",
    "alembic",
    "asyncpg",
    "redis",
    "structlog",
)


def test_the_version_is_that_of_the_package(kessai: Command) -> None:
    assert kessai("--version").stdout == f"kessai {package.__version__}\n"


def test_help_names_every_command_and_the_exit_codes(kessai: Command) -> None:
    told = kessai("--help")

    assert told.exit_code == 0
    for word in (
        "serve",
        "dispatch",
        "demo",
        "migrate",
        "merchants",
        "keys",
        "prune",
        "doctor",
        "readyz",
        "env",
        "listen",
        "trigger",
        "events",
    ):
        assert word in told.stdout
    assert "4 configuration or migration" in " ".join(told.stdout.split())


def test_help_and_version_load_nothing_heavy() -> None:
    look = (
        "import sys\nfrom kessai.cli import main\n"
        "for line in (['--version'], ['serve', '--help'], ['listen', '--help']):\n"
        "    try: main(line)\n    except SystemExit as ended: assert ended.code == 0\n"
        f"sys.exit(','.join(name for name in {HEAVY} if name in sys.modules) or 0)"
    )

    looked = subprocess.run(
        [sys.executable, "-c", look], env=plain_environment(), capture_output=True, text=True, check=False
    )

    assert looked.returncode == 0, looked.stderr


def test_a_server_does_not_load_what_only_receivers_need() -> None:
    look = "import sys, kessai.asgi, kessai.cli.serving, kessai.cli.serve; sys.exit('aiohttp' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", look], env=plain_environment(), check=False).returncode == 0


def test_who_serves_no_api_does_not_load_its_routes(sqlite_url: str) -> None:
    look = (
        "import asyncio, sys\nfrom kessai.bootstrap import open_gateway\n"
        "from kessai.settings import load_settings\n"
        "async def opened():\n"
        f"    settings = load_settings(env_file=None, database_url={sqlite_url!r})\n"
        "    async with open_gateway(settings, serves_apis=len(sys.argv) > 1): pass\n"
        "asyncio.run(opened())\n"
        "sys.exit(sum(f'kessai.dialects.{each}.routers' in sys.modules for each in ('native', 'stripe')))"
    )

    def loaded(*arguments: str) -> int:
        line = [sys.executable, "-c", look, *arguments]
        return subprocess.run(line, env=plain_environment(), check=False).returncode

    assert loaded() == 0
    assert loaded("serves them") == 2


@pytest.mark.parametrize(
    ("line", "exit_code", "words"),
    [
        ("serve --workers 2", 2, ["PostgreSQL", "one process owns"]),
        ("serve --workers 0", 2, ["--workers"]),
        ("serve --port 70000", 2, ["--port"]),
        ("serve --prot 1", 2, ["--prot"]),
        ("serve --db mysql://host/name", 4, ["DATABASE_URL", "mysql"]),
        ("serve --db sqlite:///nowhere/kessai.db --port 0", 4, ["no directory nowhere"]),
        ("serve --host 192.0.2.1 --port 0", 4, ["cannot listen on 192.0.2.1"]),
        ("serve --host no.such.host.invalid --port 0", 4, ["cannot listen on no.such.host.invalid"]),
        ("serve --log-level loud", 4, ["LOG_LEVEL", "kessai env"]),
        ("serve --api-key sk_live_abcdefgh", 4, ["API_KEY", "live key"]),
        ("dispatch", 2, ["PostgreSQL", "kessai serve"]),
        ("merchants create --name x --email not-an-address", 2, ["--email", "not-an-address"]),
        ("merchants create --name x --currency BTC", 2, ["--currency", "ISO 4217"]),
        ("merchants create --name x --api-key sk_live_abcdefgh", 2, ["--api-key", "live key"]),
        ("merchants create --name x --api-key short", 2, ["--api-key"]),
        ("keys rotate KEY --grace-period-s 9999999", 2, ["--grace-period-s"]),
        ("keys list --db sqlite:///nowhere/kessai.db", 4, ["no directory nowhere"]),
        ("migrate --revision base", 2, ["--down"]),
        ("migrate --revision 9999", 4, ["9999"]),
        ("readyz --url gopher://here", 2, ["gopher://here"]),
        ("trigger payment.paid", 2, ["payment.paid", "payment.succeeded", "endpoint.disabled"]),
        ("trigger payment.failed --set amont=1", 2, ["amont", "amount", "simulate"]),
        ("trigger", 2, ["EVENT"]),
        ("trigger payment.failed --url http://127.0.0.1:1", 3, ["does not answer", "kessai serve"]),
        ("listen --url http://127.0.0.1:1", 3, ["does not answer", "kessai serve"]),
        ("listen --forward-to ftp://here", 2, ["--forward-to", "http://"]),
        ("listen --forward-to http://me:secret@here", 2, ["--forward-to", "password"]),
        ("listen --reachable-at there#here --url http://127.0.0.1:1", 2, ["--reachable-at", "fragment"]),
        ("listen --bind 4000", 2, ["--bind 4000", "HOST:PORT"]),
        ("listen --bind 192.0.2.1:0", 4, ["cannot listen on 192.0.2.1", "--bind"]),
        ("events list --url http://127.0.0.1:1", 3, ["does not answer"]),
        ("events list --url http://there.invalid", 2, ["no key for there.invalid", "--api-key"]),
        ("events list --api-key sk_live_abcdefgh", 2, ["--api-key", "live key"]),
        ("events list --limit 0", 2, ["--limit"]),
        ("events show 17", 2, ["17 is no id", "kessai events list"]),
        ("events resend 17", 2, ["17 is no id"]),
        ("events tail --url http://127.0.0.1:1", 3, ["does not answer"]),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    kessai: Command, line: str, exit_code: int, words: list[str]
) -> None:
    refused = kessai(*line.split())

    assert refused.exit_code == exit_code
    assert "Traceback" not in refused.stderr
    for word in words:
        assert word in refused.stderr


def test_with_json_a_refusal_is_one_line_of_json(kessai: Command) -> None:
    refused = kessai("dispatch", "--json")

    assert refused.stdout == ""
    assert json.loads(refused.stderr) == {
        "event": "failed",
        "message": "kessai dispatch needs PostgreSQL: on SQLite, kessai serve delivers the webhooks itself",
        "hint": "name a server: --db postgresql://USER:PASSWORD@HOST/NAME",
        "exit_code": 2,
    }


def test_a_database_that_is_away_is_told_of_by_its_own_exit_code(kessai: Command) -> None:
    assert not is_listening(1)
    for line in ("serve --port 0", "dispatch --port 0", "migrate", "keys list", "doctor"):
        ended = kessai(*line.split(), "--db", "postgresql://kessai:hidden@127.0.0.1:1/kessai")

        assert ended.exit_code == 3, line
        assert "127.0.0.1" in ended.stdout + ended.stderr
        assert "hidden" not in ended.stdout + ended.stderr


@pytest.fixture
def bug() -> Exception:
    try:
        raise KeyError("sk_test_abcdefgh")
    except KeyError as error:
        return error


def test_what_nobody_foresaw_is_one_line_without_secrets(
    surroundings: Path, capsys: pytest.CaptureFixture[str], bug: Exception
) -> None:
    assert tell(bug, as_json=False) is ExitCode.EXPECTATION_FAILED

    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "KeyError" in said
    assert "--debug" in said
    assert "abcdefgh" not in said


@pytest.mark.parametrize("by", ["environment", ".env"])
def test_who_asks_for_it_sees_the_trace(
    surroundings: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    bug: Exception,
    by: str,
) -> None:
    if by == "environment":
        monkeypatch.setenv("KESSAI_DEBUG", "true")
    else:
        (surroundings / ".env").write_text("DEBUG=true\n")

    tell(bug, as_json=False)

    assert "Traceback" in capsys.readouterr().err


def test_the_option_debug_is_the_setting(kessai: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KESSAI_DEBUG", "")  # so that it is put back afterwards

    options = {row["name"]: row for row in kessai("--debug", "env", "--json").answer["settings"]}

    assert (options["DEBUG"]["value"], options["DEBUG"]["source"]) == ("true", "environment KESSAI_DEBUG")
