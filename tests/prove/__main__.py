"""`python -m tests.prove ATTACK ...`: try to break a promise; exit code 1 with the first that breaks.

PROVE=kill,storm SCALE=0.1 SEED=7 DATABASE=sqlite in the environment say the same as the arguments.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from tests.prove.attacks import ATTACKS, Attack
from tests.prove.evidence import reported
from tests.prove.ground import KINDS, Kind
from tests.prove.report import Report, write
from tests.prove.shown import REPORTS, note_shown

_CHANCE: Final = random.SystemRandom()


def _options(arguments: Sequence[str] | None, attacks: Mapping[str, Attack]) -> argparse.Namespace:
    said = os.environ
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("attack", nargs="*", help=f"all, unless given: {', '.join(attacks)}")
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
    options = parser.parse_args(arguments)
    options.attack = options.attack or [each for each in said.get("PROVE", "").split(",") if each]
    unknown = [each for each in options.attack if each not in attacks]
    if unknown:
        parser.error(f"no attack is called {unknown[0]}; there are {', '.join(attacks)}")
    # From the environment nothing is checked, and a run without any attack would have shown nothing.
    if not _planned(options, attacks):
        parser.error(f"none of these attacks runs on {options.database}")
    return options


def main(arguments: Sequence[str] | None = None, attacks: Mapping[str, Attack] = ATTACKS) -> int:
    """Run what was asked for; returns the exit code."""
    options = _options(arguments, attacks)
    reports: list[Report] = []
    for report in _run(options, attacks):
        reports.append(report)
        print(report.as_markdown())
        # At once: whatever ends the next attack, this one has been told of.
        write(reports, options.report or REPORTS / "latest")
        if options.note and report.holds:
            note_shown(report)
        if not report.holds and not options.keep_going:
            break
    return 0 if all(report.holds for report in reports) else 1


def _run(options: argparse.Namespace, attacks: Mapping[str, Attack]) -> Iterator[Report]:
    planned = _planned(options, attacks)
    for number, (name, kind) in enumerate(planned, 1):
        otherwise = Report(f"prove {name}", kind, options.scale, options.seed)
        print(f"{number} of {len(planned)}: {name} on {kind}; again with: {otherwise.again}", file=sys.stderr)
        run = partial(attacks[name].run, kind, options.scale, options.seed)
        report = reported(run, otherwise)
        if not report.holds:
            kept = f"; evidence is in {report.kept_in}" if report.kept_in else ""
            print(f"{name} on {kind} failed: {'; '.join(report.failures)}{kept}", file=sys.stderr)
        yield report


def _planned(options: argparse.Namespace, attacks: Mapping[str, Attack]) -> list[tuple[str, Kind]]:
    """Every attack that was asked for, on each database that was."""
    return [
        (name, kind)
        for name in options.attack or attacks
        for kind in attacks[name].kinds
        if options.database in (None, kind)
    ]


if __name__ == "__main__":
    # Told to end, it ends what it started, as when it is interrupted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
