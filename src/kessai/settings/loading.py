"""Reads all settings at once, and lists them for the reference page and `kessai env`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from kessai.settings.options import Settings
from kessai.settings.sources import SECRETS, ConfigurationError, reason, variable_name


class Option(NamedTuple):
    """One row of the reference page and of `kessai env`."""

    name: str
    default: str
    help: str


def load_settings(*, env_file: Path | None = Path(".env"), **overrides: Any) -> Settings:
    """Read all settings; `overrides` (None counts as not given) win over the environment and `env_file`.

    Raises:
        ConfigurationError: something is wrong with them; the message names every setting concerned.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(_env_file=env_file, **given)
    except ValidationError as error:
        problems = [_problem(found["loc"], found["msg"], found["input"]) for found in error.errors()]
        raise ConfigurationError("; ".join(problems)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{env_file} cannot be read: {reason(error)}") from None


def describe() -> list[Option]:
    """Return every setting's name, default as one would write it, and line of help, in order."""
    return [
        Option(variable_name(name), _default(name, field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _default(name: str, default: object) -> str:
    if name == "api_secret_key":
        return "(a well-known one for development)"
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)


def _problem(place: tuple[int | str, ...], message: str, value: object) -> str:
    sentence = (
        message.removeprefix("Value error, ").replace("Input should be", "must be").split(", unable")[0]
    )
    if not place:
        return sentence
    name = str(place[0])
    if name not in Settings.model_fields:
        return f"{name.upper()} is not a setting"
    shown = "" if name in SECRETS else f" (it is {str(value)[:60]!r})"
    return f"{variable_name(name)} {sentence}{shown}"
