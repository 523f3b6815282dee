"""kessai with a world of the harnesses': `python -m tests.prove.server serve|dispatch ...` is like kessai.

PROVE_EPOCH, PROVE_SPEED and PROVE_AHEAD set its clock, with PROVE_TOLD it stands still until `hand` moves it;
PROVE_HANGS has some names looked up for ever, PROVE_PLANT names a planted bug.
"""

from __future__ import annotations

import sys

from kessai.cli.loading import loading

if __name__ == "__main__":
    with loading():
        from tests.prove.serving import serve
    serve(sys.argv)
