"""`kessai demo` as installed: told in seconds, with everything as expected, leaving nothing behind."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

from tests.e2e.command import kessai
from tests.support.processes import plain_environment, wait_until


def test_the_story_is_told_in_seconds_and_leaves_nothing(tmp_path: Path) -> None:
    # given settings of this machine that would change or break the story
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    mine = {
        "TMPDIR": str(scratch),
        "KESSAI_ENV": "production",
        "DATABASE_URL": "postgresql://nobody@localhost/x",
    }

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = kessai("demo", directory=tmp_path, env=mine)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert told.exit_code == 0, told.stdout + told.stderr
    # It waits for nothing but itself; how long that takes is the machine's other work.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10
    assert told.stderr == ""
    for word in ("payment.succeeded", "CAPTURED", "AUTHORIZED", "INSUFFICIENT_FUNDS", "byte for byte"):
        assert word in told.stdout
    assert [path.name for path in tmp_path.rglob("*")] == ["scratch"]


def test_the_story_as_json_has_what_was_sent_and_received(tmp_path: Path) -> None:
    told = kessai("demo", "--json", directory=tmp_path)

    *steps, verdict = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.exit_code == 0
    assert [step["step"] for step in steps] == list(range(1, len(steps) + 1))
    assert all(step["ok"] and step["expectations"] for step in steps)
    assert verdict["event"] == "finished"
    assert verdict["ok"]
    first, again = (
        exchange["received"]["body"]
        for step in steps
        for exchange in step["exchanges"]
        if "Idempotency-Key" in exchange["sent"]["headers"]
    )
    assert first == again


def test_whoever_ends_it_early_finds_nothing_left_behind(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "kessai", "demo"],
        cwd=tmp_path,
        env=plain_environment({"TMPDIR": str(scratch)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: any(scratch.rglob("demo.db*")), timeout_s=20, what="the demo's database")

    process.send_signal(signal.SIGTERM)

    assert process.wait(15) != 0
    assert list(scratch.iterdir()) == []
