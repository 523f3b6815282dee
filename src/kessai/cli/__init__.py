"""The command `kessai`: what people type, and what it prints. What is done is done by the rooms below.

Heavy modules are imported inside the commands, so that help, version and probes answer at once.
"""

from kessai.cli.loading import loading_what_stays

with loading_what_stays():
    from kessai.cli.app import app, main

__all__ = ["app", "main"]
