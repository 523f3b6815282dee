"""How a command ends badly: an exit code, one sentence on stderr, and what to do about it."""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import suppress
from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """What scripts can rely on."""

    OK = 0
    EXPECTATION_FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    CONFIGURATION = 4


class CommandError(Exception):
    """The command cannot do what was asked; `message` is a sentence for people."""

    def __init__(self, message: str, *, exit_code: ExitCode, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.hint = hint


def configuration_error(message: str, hint: str | None = None) -> CommandError:
    """Something has to be set, chosen or migrated differently."""
    return CommandError(message, exit_code=ExitCode.CONFIGURATION, hint=hint)


def unreachable_error(message: str, hint: str | None = None) -> CommandError:
    """Nobody answers where somebody should."""
    return CommandError(message, exit_code=ExitCode.UNREACHABLE, hint=hint)


def usage_error(message: str, hint: str | None = None) -> CommandError:
    """The command line asks for what does not go together."""
    return CommandError(message, exit_code=ExitCode.USAGE, hint=hint)


_SHOWN_MAX: Final = 300
_SEE_TRACE: Final = "`kessai --debug …` (or DEBUG=true) shows where; please report it"


def tell(error: Exception, *, as_json: bool) -> ExitCode:
    """Say on stderr what went wrong, and return the exit code. A trace is for those who ask for it."""
    if wants_trace():
        traceback.print_exception(error)
    if not isinstance(error, CommandError):
        error = CommandError(
            f"kessai failed unexpectedly ({_described(error)})",
            exit_code=ExitCode.EXPECTATION_FAILED,
            hint=_SEE_TRACE,
        )
    # Whoever read stderr may have gone.
    with suppress(OSError):
        sys.stderr.write(_rendered(error, as_json=as_json) + "\n")
        sys.stderr.flush()
    return error.exit_code


def _described(error: Exception) -> str:
    """One line of what nobody foresaw: it may be long, and quote what is secret."""
    from kessai.adapters.masking import masked_text

    first_line = str(error).strip().partition("\n")[0][:_SHOWN_MAX]
    return masked_text(": ".join(filter(None, (type(error).__name__, first_line))))


def _rendered(error: CommandError, *, as_json: bool) -> str:
    if as_json:
        facts = {"event": "failed", "message": error.message, "hint": error.hint}
        return json.dumps({**facts, "exit_code": int(error.exit_code)}, ensure_ascii=False)
    return f"Error: {error.message}" + (f"\nHint:  {error.hint}" if error.hint else "")


def wants_trace() -> bool:
    """Whether DEBUG is on, by the option `--debug`, in the environment or in `.env`."""
    if os.environ.get("KESSAI_DEBUG", "").lower() in {"1", "true", "yes", "on"}:
        return True
    # The settings themselves may be what is wrong.
    with suppress(Exception):
        from kessai.settings import load_settings

        return load_settings().debug
    return False
