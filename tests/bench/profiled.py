"""kessai with its main thread profiled: `python -m tests.bench.profiled serve` is `kessai serve`.

PROFILE_TO names the file for the profile. `PROFILE_KIND=calls` counts calls with cProfile, which doubles the
time; otherwise stacks are sampled every few ms of CPU, which costs little and is written as text.
"""

from __future__ import annotations

import cProfile
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

from kessai.cli import main

_EVERY_S: Final = 0.002
_SHOWN: Final = 70


class Samples:
    """Where the main thread was, every `_EVERY_S` of the process's CPU."""

    def __init__(self) -> None:
        self._own: Counter[str] = Counter()
        self._total: Counter[str] = Counter()
        self._count = 0

    def start(self) -> None:
        """Begin to sample."""
        signal.signal(signal.SIGPROF, self._take)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)

    def write(self, path: Path) -> None:
        """Stop, and write both tables: own time, and time with what was called."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        lines = [f"{self._count} samples, each after some ms of CPU"]
        for title, counts in (("own time", self._own), ("with callees", self._total)):
            lines.append(f"\n{title}")
            for where, count in counts.most_common(_SHOWN):
                lines.append(f"{100 * count / self._count:6.1f} %  {where}")
        path.write_text("\n".join(lines) + "\n")

    def _take(self, _number: int, frame: FrameType | None) -> None:
        self._count += 1
        if frame is not None:
            self._own[_where(frame)] += 1
        seen = set()
        while frame is not None:
            seen.add(_where(frame))
            frame = frame.f_back
        self._total.update(seen)


def _where(frame: FrameType) -> str:
    code = frame.f_code
    return f"{'/'.join(Path(code.co_filename).parts[-3:])}:{code.co_firstlineno} {code.co_qualname}"


def _count_calls(path: Path) -> None:
    with cProfile.Profile() as profile:
        try:
            main()
        finally:
            profile.dump_stats(path)


def _sample(path: Path) -> None:
    samples = Samples()
    samples.start()
    try:
        main()
    finally:
        samples.write(path)


if __name__ == "__main__":
    sys.argv[0] = "kessai"
    run = _count_calls if os.environ.get("PROFILE_KIND") == "calls" else _sample
    run(Path(os.environ["PROFILE_TO"]))
