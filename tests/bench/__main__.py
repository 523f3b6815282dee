"""`python -m tests.bench speed|growth|webhooks`: figures for the pages, with the command that gives them."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.bench import growth, speed, webhooks
from tests.bench.stage import Length
from tests.prove.ground import KINDS, Kind
from tests.prove.report import Report, publish

_DEFAULT: Final = "speed"


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--database", choices=KINDS, help="both, unless given")
    shared.add_argument("--report", type=Path, help="a file for the table; JSON goes beside it")
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    benches = parser.add_subparsers(dest="bench", required=True)
    _add_speed(benches.add_parser("speed", parents=[shared], help="requests, against bare references"))
    _add_growth(benches.add_parser("growth", parents=[shared], help="requests, by how much is stored"))
    _add_webhooks(benches.add_parser("webhooks", parents=[shared], help="deliveries, against a bare client"))
    return parser.parse_args(arguments)


def _add_speed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="short rounds, less than two minutes")
    parser.add_argument("--rounds", type=int, help="of all targets, by turns")
    parser.add_argument("--seconds", type=float, help="for each figure")
    parser.add_argument("--warm-up", type=float, help="seconds before those")
    parser.add_argument("--creates", type=int, help="before memory is looked at")
    parser.add_argument("--targets", nargs="+", choices=speed.GROUPS, default=list(speed.GROUPS))
    parser.add_argument("--peers", action="store_true", help="also other simulators, installed into .bench/")


def _add_growth(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--payments", type=int, default=growth.MANY, help=f"against {growth.FEW:,}")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure")


def _add_webhooks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 100,000 deliveries")
    parser.add_argument("--seed", type=int, default=1, help="said in the report; nothing here is random")
    parser.add_argument("--rounds", type=int, default=2, help="drains and floors, by turns")
    parser.add_argument("--parts", nargs="+", choices=["drain", "wake"], default=["drain", "wake"])
    parser.add_argument("--profile", type=Path, help="a file for a profile of the dispatcher")
    parser.add_argument("--profile-kind", choices=["samples", "calls"], default="samples")


def _speed(options: argparse.Namespace) -> list[Report]:
    usual = speed.QUICK if options.quick else speed.FULL
    groups: list[speed.Group] = [*options.targets]
    if options.peers:
        groups.append("peers")
    wanted = speed.Wanted(
        _kinds(options),
        groups,
        options.rounds or usual.rounds,
        Length(options.seconds or usual.length.seconds, options.warm_up or usual.length.warm_up_s),
        options.creates or usual.creates,
    )
    return [speed.bench_speed(wanted)]


def _growth(options: argparse.Namespace) -> list[Report]:
    size = growth.Size(many=options.payments, seconds=options.seconds)
    return [growth.bench_growth(kind, size) for kind in _kinds(options)]


def _webhooks(options: argparse.Namespace) -> list[Report]:
    profile = webhooks.profile_at(options.profile, options.profile_kind)
    wanted = webhooks.Wanted(options.scale, options.seed, options.rounds, options.parts, profile)
    return [webhooks.bench_webhooks(kind, wanted) for kind in _kinds(options)]


def _kinds(options: argparse.Namespace) -> list[Kind]:
    return [options.database] if options.database else list(KINDS)


def _main(arguments: Sequence[str]) -> int:
    """Of several benchmarks `speed` is meant if none is named."""
    is_named = bool(arguments) and (arguments[0] == "--help" or not arguments[0].startswith("--"))
    named = arguments if is_named else [_DEFAULT, *arguments]
    options = _options(named)
    # Told to end, it ends what it started, as when it is interrupted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    reports = {"speed": _speed, "growth": _growth, "webhooks": _webhooks}[options.bench](options)
    return 0 if publish(reports, options.report) else 1


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
