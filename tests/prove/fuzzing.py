"""One parser and a number of altered inputs: `python -m tests.prove.fuzzing TARGET --runs N --seed S`.

With Atheris, which looks for inputs that reach code none before has reached; where there are no wheels of
it, with alterations of the seeds alone. Ends with exit code 77 and the input in a file when one is a find.
Both say the same about it on stderr, for `tests.prove.parsers` to read.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.prove.altering import altered

HAS_ATHERIS: Final = importlib.util.find_spec("atheris") is not None
FIND: Final = "find-"
"""How the names of files begin that hold a find."""
EXECUTED: Final = "stat::number_of_executed_units: "
COVERED: Final = "cov: "
_LENGTH_MAX: Final = 8 * 1024
_SLOW_S: Final = 10
"""An input that takes so long is a find, too."""
_FOUND: Final = 77


def main() -> int:
    """Run one target; does not return with Atheris."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove.fuzzing", description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True, help="for seeds and finds")
    parser.add_argument("--plant", help="the name of a planted bug")
    parser.add_argument("--blindly", action="store_true", help="without Atheris")
    options = parser.parse_args()
    run = _blindly if options.blindly or not HAS_ATHERIS else _by_coverage
    return run(options)


def _by_coverage(options: argparse.Namespace) -> int:
    import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

    with atheris.instrument_imports(include=["kessai"]):
        read, seeds = _loaded(options)
    corpus = options.directory / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    arguments = [
        *(f"-runs={options.runs}", f"-seed={options.seed % 2**32 or 1}", f"-max_len={_LENGTH_MAX}"),
        *("-print_final_stats=1", f"-timeout={_SLOW_S}", f"-artifact_prefix={options.directory / FIND}"),
    ]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], read)
    atheris.Fuzz()
    return 0


def _blindly(options: argparse.Namespace) -> int:
    read, seeds = _loaded(options)
    for number, data in zip(range(options.runs), inputs(seeds, options.seed), strict=False):
        try:
            read(data)
        except Exception:
            (options.directory / f"{FIND}{number}").write_bytes(data)
            traceback.print_exc()
            print(f"{EXECUTED}{number + 1}", file=sys.stderr)
            return _FOUND
    print(f"{EXECUTED}{options.runs}", file=sys.stderr)
    return 0


def _loaded(options: argparse.Namespace) -> tuple[Callable[[bytes], None], Sequence[bytes]]:
    """Imported only now: what is to be watched has to be imported while Atheris watches."""
    from tests.prove.parser_targets import TARGETS
    from tests.prove.planted.parsers import PLANTS

    if options.plant:
        PLANTS[options.plant][1]()
    target = TARGETS[options.target]
    return target.read, target.seeds


def inputs(seeds: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """The seeds, then altered ones without end; some are altered further."""
    chance = random.Random(f"{seed} inputs")
    known = list(seeds)
    yield from known
    while True:
        made = altered(chance.choice(known), chance)[:_LENGTH_MAX]
        if chance.random() < 0.01:
            known.append(made)
        yield made


if __name__ == "__main__":
    sys.exit(main())
