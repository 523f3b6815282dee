"""`kessai env`: every option, its value, where that comes from, its default and what it is for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kessai.cli.configuration import settings_from
from kessai.cli.options import Json
from kessai.cli.output import write_json, write_table

if TYPE_CHECKING:
    from kessai.settings import Settings


def env(json: Json = False) -> None:
    """List every option, its value, and where that comes from.

    Secrets are masked. NAME and KESSAI_NAME mean the same; secrets may also be in a file, NAME_FILE.
    """
    rows = _rows(settings_from())
    if json:
        write_json({"settings": rows})
        return
    columns = ("name", "value", "source", "default", "help")
    write_table(columns, [[row[column] for column in columns] for row in rows], folding=4)


def _rows(settings: Settings) -> list[dict[str, Any]]:
    from kessai.settings import describe

    places = _places()
    return [
        {
            "name": option.name,
            "value": shown(field, getattr(settings, field)),
            "source": source_of(field, places),
            "default": option.default or None,
            "help": option.help,
        }
        for field, option in zip(type(settings).model_fields, describe(), strict=True)
    ]


def shown(field: str, value: Any) -> str | None:
    """A setting's value as one would write it, without its secrets; `Any`: settings have many types."""
    from kessai.adapters.masking import MASK, masked_text
    from kessai.settings import SECRETS

    if value is None:
        return None
    if field in {"database_url", "redis_url"}:
        return re.sub(r"(?i)(passw(?:or)?d=)[^&]*", rf"\1{MASK}", masked_text(value))
    if field in SECRETS:
        return MASK
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def source_of(field: str, places: Mapping[str, Mapping[str, str | None]]) -> str:
    """The place and the variable that a setting is read from, or "default"."""
    from kessai.settings import SECRETS

    name = field.upper()
    variables = [f"KESSAI_{name}", name]
    if field in SECRETS:
        variables += [f"KESSAI_{name}_FILE", f"{name}_FILE"]
    for place, values in places.items():
        for variable in variables:
            if _sets(field, variable, values.get(variable)):
                return f"{place} {variable}"
    return "default"


def origins() -> str:
    """How many options are set, and where, in words."""
    from kessai.settings import Settings

    places = _places()
    sources = [source_of(field, places) for field in Settings.model_fields]
    counted = {place: sum(source.startswith(f"{place} ") for source in sources) for place in places}
    told = [f"{number} from {place}" for place, number in counted.items() if number]
    return " and ".join([", ".join(told), "the rest by default"] if told else ["every option by default"])


def _sets(field: str, variable: str, value: str | None) -> bool:
    """Whether the settings take it: empty ones and those that are meant for others are passed over."""
    from kessai.settings import Settings
    from kessai.settings.sources import Variables

    source = Variables(Settings, {variable: value})
    return source.get_field_value(Settings.model_fields[field], field)[0] is not None


def _places() -> dict[str, Mapping[str, str | None]]:
    from pydantic_settings import DotEnvSettingsSource

    from kessai.settings import Settings

    return {"environment": os.environ, ".env": DotEnvSettingsSource(Settings).env_vars}
