"""`python -m tests.prove ATTACK ...`: try to break a promise; exit code 1 with the first that breaks.

PROVE=kill,storm SCALE=0.1 SEED=7 DATABASE=sqlite in the environment say the same as the arguments.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.prove.attacks import ATTACKS
from tests.prove.ground import KINDS, Kind
from tests.prove.report import Report, publish
from tests.prove.shown import REPORTS, note_shown

_CHANCE: Final = random.SystemRandom()


def _options() -> argparse.Namespace:
    said = os.environ
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("attack", nargs="*", help=f"all, unless given: {', '.join(ATTACKS)}")
    parser.add_argument("--scale", type=float, default=float(said.get("SCALE", "1")), help="1 is all of it")
    parser.add_argument(
        "--database", choices=KINDS, default=said.get("DATABASE") or None, help="both, unless given"
    )
    parser.add_argument(
        "--seed", type=int, default=said.get("SEED") or _CHANCE.randrange(1_000_000), help="of all chance"
    )
    parser.add_argument("--report", type=Path, help="a file for the table; JSON with evidence goes beside it")
    parser.add_argument("--note", action="store_true", help="note what was shown, for docs/explanation")
    parser.add_argument("--keep-going", action="store_true", help="also after a promise was broken")
    options = parser.parse_args()
    options.attack = options.attack or [each for each in said.get("PROVE", "").split(",") if each]
    unknown = [each for each in options.attack if each not in ATTACKS]
    if unknown:
        parser.error(f"no attack is called {unknown[0]}; there are {', '.join(ATTACKS)}")
    # From the environment nothing is checked, and a run without any attack would have shown nothing.
    if not _planned(options):
        parser.error(f"none of these attacks runs on {options.database}")
    return options


def _main() -> int:
    options = _options()
    # Told to end, it ends what it started, as when it is interrupted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    reports = []
    for report in _run(options):
        reports.append(report)
        if options.note and report.holds:
            note_shown(report)
        if not report.holds and not options.keep_going:
            break
    return 0 if publish(reports, options.report or REPORTS / "latest") else 1


def _run(options: argparse.Namespace) -> Iterator[Report]:
    planned = _planned(options)
    for number, (name, kind) in enumerate(planned, 1):
        again = f"SEED={options.seed} SCALE={options.scale:g} DATABASE={kind} PROVE={name} make prove"
        print(f"{number} of {len(planned)}: {name} on {kind}; again with: {again}", file=sys.stderr)
        report = ATTACKS[name].run(kind, options.scale, options.seed)
        if not report.holds:
            kept = f"; evidence is in {report.kept_in}" if report.kept_in else ""
            print(f"{name} on {kind} failed: {'; '.join(report.failures)}{kept}", file=sys.stderr)
        yield report


def _planned(options: argparse.Namespace) -> list[tuple[str, Kind]]:
    """Every attack that was asked for, on each database that was."""
    return [
        (name, kind)
        for name in options.attack or ATTACKS
        for kind in ATTACKS[name].kinds
        if options.database in (None, kind)
    ]


if __name__ == "__main__":
    sys.exit(_main())
