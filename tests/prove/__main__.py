"""`python -m tests.prove HARNESS ...`: try to break a promise; exit code 1 when one breaks."""

from __future__ import annotations

import argparse
import random
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.prove.addresses import prove_addresses
from tests.prove.ground import KINDS, Kind
from tests.prove.hostile import prove_hostile
from tests.prove.prove_planted import prove_planted
from tests.prove.report import Report, publish
from tests.prove.signatures import prove_signatures
from tests.prove.storm import prove_storm

Harness = Callable[[Kind, float, int], Report]
HARNESSES: Final[Mapping[str, Harness]] = {
    "hostile": prove_hostile,
    "storm": prove_storm,
    "addresses": prove_addresses,
    "signatures": prove_signatures,
    "planted": prove_planted,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("harness", nargs="*", choices=[*HARNESSES, []], help="all, unless given")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is what the pages have figures of")
    parser.add_argument("--database", choices=KINDS, help="both, unless given")
    parser.add_argument("--seed", type=int, help="of all chance; another one each time, unless given")
    parser.add_argument("--report", type=Path, help="a file for the table; JSON with evidence goes beside it")
    return parser.parse_args()


def _main() -> int:
    options = _options()
    # Told to end, it ends what it started, as when it is interrupted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr)
    kinds = [options.database] if options.database else list(KINDS)
    names = options.harness or HARNESSES
    reports = [HARNESSES[name](kind, options.scale, seed) for name in names for kind in kinds]
    return 0 if publish(reports, options.report) else 1


if __name__ == "__main__":
    sys.exit(_main())
