"""`python -m tests.bench webhooks`: figures for the pages, with the command that gives them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.bench.webhooks import Wanted, bench_webhooks, profile_at
from tests.prove.ground import KINDS
from tests.prove.report import publish


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("bench", choices=["webhooks"])
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 100,000 deliveries")
    parser.add_argument("--database", choices=KINDS, help="both, unless given")
    parser.add_argument("--seed", type=int, default=1, help="said in the report; nothing here is random")
    parser.add_argument("--rounds", type=int, default=2, help="drains and floors, by turns")
    parser.add_argument("--parts", nargs="+", choices=["drain", "wake"], default=["drain", "wake"])
    parser.add_argument("--report", type=Path, help="a file for the table; JSON goes beside it")
    parser.add_argument("--profile", type=Path, help="a file for a profile of the dispatcher")
    parser.add_argument("--profile-kind", choices=["samples", "calls"], default="samples")
    return parser.parse_args()


def _main() -> int:
    options = _options()
    profile = profile_at(options.profile, options.profile_kind)
    wanted = Wanted(options.scale, options.seed, options.rounds, options.parts, profile)
    kinds = [options.database] if options.database else list(KINDS)
    return 0 if publish([bench_webhooks(kind, wanted) for kind in kinds], options.report) else 1


if __name__ == "__main__":
    sys.exit(_main())
