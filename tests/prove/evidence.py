"""What a run that fails leaves behind: a report in any case, and the files that it worked on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.prove.report import Report

EVIDENCE: Final = Path(__file__).resolve().parents[2] / ".prove" / "evidence"
KEPT_MAX: Final = 10
"""Runs of one attack on one database: a busy machine misses bounds often, and each takes up to 100 MB."""


class BrokenOffError(Exception):
    """An attack could not go on; `report` says why, and where its files are."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return f"{'; '.join(self.report.failures)}; evidence is in {self.report.kept_in}"


@contextmanager
def kept_unless_it_holds(directory: Path, report: Report, within: Path = EVIDENCE) -> Iterator[None]:
    """Copy `directory` when the block is over, unless `report` holds then; whoever used it has ended.

    Raises:
        BrokenOffError: an error ended the block. The report says so, too.
    """
    try:
        yield
    except Exception as error:
        report.breaks_off(error)
        raise BrokenOffError(report) from error
    finally:
        if not report.holds:
            _keep(directory, report, within)


def _keep(directory: Path, report: Report, within: Path) -> None:
    # With the time: what a later run leaves does not take the place of this, unless there were many.
    name, when = f"{report.attack}-{report.database}", f"{report.started_at:%Y%m%dT%H%M%S.%f}"
    for old in sorted(within.glob(f"{name}-*"))[: 1 - KEPT_MAX]:
        shutil.rmtree(old, ignore_errors=True)
    report.kept_in = within / f"{name}-{when}-{report.seed}"
    try:
        shutil.copytree(directory, report.kept_in, ignore_dangling_symlinks=True, dirs_exist_ok=True)
    except OSError as error:
        # What could not be copied is worth less than what the report says.
        report.evidence["not all was kept"] = str(error)[:2000]


def reported(run: Callable[[], Report], otherwise: Report) -> Report:
    """What a run reports; when an error ends it that no report tells of, `otherwise` does."""
    try:
        return run()
    except BrokenOffError as error:
        return error.report
    except Exception as error:
        otherwise.breaks_off(error)
        return otherwise
