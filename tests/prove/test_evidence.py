"""Whatever ends an attack, a report of it is written, and what it worked on is there to be looked at."""

from __future__ import annotations

import ast
import inspect
import json
import shutil
from pathlib import Path

import pytest

from tests.prove.__main__ import main
from tests.prove.attacks import ATTACKS, Attack
from tests.prove.evidence import KEPT_MAX, BrokenOffError, kept_unless_it_holds
from tests.prove.fleet import Setting
from tests.prove.ground import Kind, open_ground
from tests.prove.prove_planted import Hunt, find
from tests.prove.report import Report

SEED = 7


def report() -> Report:
    """Of an attack that has not seen anything yet."""
    return Report("prove nothing", "sqlite", 0.01, SEED)


@pytest.fixture
def worked_on(tmp_path: Path) -> Path:
    """A directory with a file."""
    directory = tmp_path / "ground"
    directory.mkdir()
    (directory / "kessai.db").write_text("rows")
    return directory


def test_files_are_kept_when_a_bound_is_missed(worked_on: Path, tmp_path: Path) -> None:
    slow = report()

    with kept_unless_it_holds(worked_on, slow, tmp_path):
        slow.hold("ready again", 4, "<=", 3, "s")

    assert slow.kept_in is not None
    assert (slow.kept_in / "kessai.db").read_text() == "rows"


def test_nothing_is_kept_when_all_holds(worked_on: Path, tmp_path: Path) -> None:
    fine = report()

    with kept_unless_it_holds(worked_on, fine, tmp_path):
        fine.hold("ready again", 2, "<=", 3, "s")

    assert fine.kept_in is None


def test_an_error_is_a_broken_promise_and_files_are_kept(worked_on: Path, tmp_path: Path) -> None:
    ended = report()

    with pytest.raises(BrokenOffError) as error, kept_unless_it_holds(worked_on, ended, tmp_path):
        raise RuntimeError("it does not start")

    assert error.value.report is ended
    assert ended.broken == ["broken off: RuntimeError('it does not start')"]
    assert "test_evidence.py" in "".join(ended.evidence["traceback"])
    assert ended.kept_in is not None
    assert (ended.kept_in / "kessai.db").exists()


def test_a_later_run_does_not_take_the_place_of_what_was_kept_unless_there_were_many(
    worked_on: Path, tmp_path: Path
) -> None:
    runs = [report() for _ in range(KEPT_MAX + 1)]

    for each in runs:
        with kept_unless_it_holds(worked_on, each, tmp_path / "evidence"):
            each.breaks("a promise")

    assert {*(tmp_path / "evidence").iterdir()} == {each.kept_in for each in runs[1:]}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_judges_what_it_saw_before_its_files_are_gone(name: str) -> None:
    # Whether files are kept is decided by what the report says when the block is over.
    nodes = list(ast.walk(ast.parse(inspect.getsource(ATTACKS[name].run))))
    ends = [each.end_lineno or 0 for each in nodes if isinstance(each, ast.With)]
    later = [each for each in nodes if isinstance(each, ast.Call) and ends and each.lineno > max(ends)]

    assert [said for each in later if "report" in (said := ast.unparse(each))] == []


def test_a_database_that_cannot_be_filled_is_kept() -> None:
    ended = report()

    def fail(_url: str) -> None:
        raise RuntimeError("no such migration")

    with pytest.raises(BrokenOffError), open_ground("sqlite", ended, fill=fail):
        pass

    assert ended.kept_in is not None
    assert (ended.kept_in / "ground").is_dir()
    shutil.rmtree(ended.kept_in)


def test_an_attack_that_ends_by_an_error_is_reported_and_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # given an attack that ends by an error, and one that looks at what has been written before it
    before: list[str] = []

    def fails(_kind: Kind, _scale: float, _seed: int) -> Report:
        raise RuntimeError("no server")

    def holds(kind: Kind, scale: float, seed: int) -> Report:
        before.append((tmp_path / "report.md").read_text())
        return Report("prove holds", kind, scale, seed)

    attacks = {each.__name__: Attack(each, "", ("sqlite",)) for each in (fails, holds)}

    # when both are run
    code = main(["--keep-going", "--seed", "7", "--report", str(tmp_path / "report")], attacks)

    # then that is a failure that is written before the other begins
    assert code == 1
    assert "broken off: RuntimeError('no server')" in before[0]
    first, second = json.loads((tmp_path / "report.json").read_text())
    assert (first["attack"], first["holds"], second["holds"]) == ("fails", False, True)
    assert any("no server" in line for line in first["evidence"]["traceback"])
    assert "fails on sqlite failed: broken off" in capsys.readouterr().err


def test_an_attack_that_is_interrupted_ends_the_run(tmp_path: Path) -> None:
    def is_interrupted(_kind: Kind, _scale: float, _seed: int) -> Report:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        main(["--report", str(tmp_path / "report")], {"it": Attack(is_interrupted, "", ("sqlite",))})


@pytest.mark.parametrize(("says", "is_kept"), [("a promise", False), ("another", True)])
def test_files_of_a_hunt_are_kept_unless_it_finds_what_was_planted(
    worked_on: Path, *, says: str, is_kept: bool
) -> None:
    def breaks(kind: Kind, scale: float, seed: int, _setting: Setting) -> Report:
        return Report("prove it", kind, scale, seed, broken=["a promise"], kept_in=worked_on)

    found = find(Hunt("a-bug", breaks, says), "sqlite", SEED)

    assert (found.kept_in == worked_on) is is_kept
    assert worked_on.exists() is is_kept
