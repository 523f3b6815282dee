"""Parsers alone, with a million altered inputs: each gives a result or the refusal that it declares."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.prove.fleet import HOUSE, Setting
from tests.prove.fuzzing import COVERED, EXECUTED, FIND, HAS_ATHERIS
from tests.prove.ground import Kind
from tests.prove.parser_targets import TARGETS
from tests.prove.planted.parsers import PLANTS
from tests.prove.progress import Progress
from tests.prove.report import Report, Table
from tests.support.processes import UNMEASURED, plain_environment

EXECUTIONS: Final = 1_000_000
"""Of all parsers together."""
CRASH: Final = "an exception that no parser declares"
SETTING: Final = Setting()
_NO_ATHERIS: Final = "there is no Atheris; it comes with `.[dev]` on Linux, x86-64, before Python 3.14"
_PATIENCE_S: Final = 300
_PER_S_MIN: Final = 100
"""Inputs: a tenth of what a slow machine does."""
_SHOWN: Final = 4_000
_COUNTED: Final = re.compile(rf"{EXECUTED}(\d+)")
_REACHED: Final = re.compile(rf"{COVERED}(\d+)")


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one parser's inputs. `reached` counts the places in the code, if anybody counted."""

    executed: int
    reached: str
    finds: tuple[bytes, ...]
    text: str


def prove_parsers(
    kind: Kind, scale: float, seed: int, setting: Setting = SETTING, *, blindly: bool = not HAS_ATHERIS
) -> Report:
    """Every parser in a process of its own. No database is asked: `kind` is one for the table's sake.

    `blindly`: by alterations of seeds alone, as where there is no Atheris. With a planted bug only the parser
    that has it is run.
    """
    report = Report("prove parsers", kind, scale, seed)
    names = [PLANTS[setting.plant][0]] if setting.plant else list(TARGETS)
    share = -(-round(EXECUTIONS * scale) // len(TARGETS))
    progress = Progress("parsers", share * len(names))
    runs: dict[str, Run] = {}
    for number, name in enumerate(names):
        progress.at(number * share, name)
        runs[name] = _run(name, share, seed, setting.plant, blindly=blindly)
    progress.end()
    _judge(report, runs, share)
    if blindly:
        report.leave_out("inputs chosen by coverage", _NO_ATHERIS)
    else:
        report.note("inputs are chosen", "by coverage, with Atheris")
    return report


def _run(name: str, count: int, seed: int, plant: str | None, *, blindly: bool) -> Run:
    with tempfile.TemporaryDirectory(prefix="kessai-prove-") as made:
        command = [
            *(sys.executable, "-m", "tests.prove.fuzzing", name, "--runs", str(count), "--seed", str(seed)),
            *("--directory", made),
            *(("--plant", plant) if plant else ()),
            *(("--blindly",) if blindly else ()),
        ]
        env = plain_environment({"PYTHONPATH": str(HOUSE), **UNMEASURED})
        done = subprocess.run(
            command,
            cwd=HOUSE,
            env=env,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_PATIENCE_S + count / _PER_S_MIN,
        )
        finds = tuple(each.read_bytes() for each in sorted(Path(made).glob(f"{FIND}*")))
    text = done.stderr + done.stdout
    if done.returncode and not finds:
        raise RuntimeError(f"{name} was not run:\n{text[-_SHOWN:]}")
    counted, reached = _COUNTED.findall(text), _REACHED.findall(text)
    return Run(int(counted[-1]) if counted else 0, reached[-1] if reached else "-", finds, text)


def _judge(report: Report, runs: dict[str, Run], share: int) -> None:
    report.hold("executions", sum(each.executed for each in runs.values()), ">=", share * len(runs), "")
    crashed = {name: each for name, each in runs.items() if each.finds}
    report.hold("crashes", len(crashed), "==", 0, "")
    for name, each in crashed.items():
        finds = [repr(find[:_SHOWN]) for find in each.finds]
        report.breaks(f"{name}: {CRASH}", **{name: {"input": finds, "said": each.text[-_SHOWN:]}})
    rows = [(name, f"{each.executed:,}", each.reached) for name, each in runs.items()]
    report.tables.append(Table("parsers", ("parser", "executions", "places in the code reached"), rows))
