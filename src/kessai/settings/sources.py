"""Where settings are read: variables under two names each, and files that hold a secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

# These may come from a file, and their values are in no message.
SECRETS: Final = frozenset(
    {
        "database_url",
        "api_secret_key",
        "api_secret_key_previous",
        "webhook_signing_secret",
        "redis_url",
        "api_key",
    }
)


class ConfigurationError(Exception):
    """The settings do not make a gateway; the message is one line that says what to change."""


class Variables(PydanticBaseSettingsSource):
    """One place that holds variables: the environment or `.env`."""

    def __init__(self, settings_cls: type[BaseSettings], variables: Mapping[str, str | None]) -> None:
        super().__init__(settings_cls)
        self._variables = {
            name: value.strip() for name, value in variables.items() if value and value.strip()
        }

    def __call__(self) -> dict[str, Any]:
        """Return the settings found here that no earlier place has."""
        fields = self.settings_cls.model_fields.items()
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in fields
            if name not in self.current_state
        }
        return {name: value for name, value in found.items() if value is not None}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        """Return one setting's text, its name, and that the text is not JSON."""
        name = field_name.upper()
        value = self._first(f"KESSAI_{name}", name)
        if field_name not in SECRETS:
            return value, field_name, False
        file = self._first(f"KESSAI_{name}_FILE", f"{name}_FILE")
        if file is not None and value is not None:
            raise ConfigurationError(f"{name} and {name}_FILE are both set: keep one of them")
        return value if file is None else _content(f"{name}_FILE", file), field_name, False

    def _first(self, *names: str) -> str | None:
        return next((self._variables[name] for name in names if self._is_ours(name)), None)

    def _is_ours(self, name: str) -> bool:
        """Whether the variable is set, and not by somebody who means something else by its name.

        Beside a service called kessai, Kubernetes sets KESSAI_PORT=tcp://10.0.0.7:8000, and shells keep
        the path of a start-up file in ENV.
        """
        value = self._variables.get(name)
        if value is None:
            return False
        return not (name == "KESSAI_PORT" and "://" in value) and not (name == "ENV" and "/" in value)


def variable_name(field_name: str) -> str:
    """Return the variable that messages and documents name for a setting.

    It is the plain name but for ENV, in which shells keep the path of a start-up file.
    """
    return "KESSAI_ENV" if field_name == "env" else field_name.upper()


def _content(name: str, file: str) -> str:
    try:
        content = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}: {file} cannot be read: {reason(error)}") from None
    if not content:
        raise ConfigurationError(f"{name}: {file} is empty")
    return content


def reason(error: OSError | UnicodeDecodeError) -> str:
    """Say why a file cannot be read."""
    return error.strerror or "" if isinstance(error, OSError) else "it is not UTF-8 text"
