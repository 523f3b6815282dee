"""Reads the settings for a command, and refuses in its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kessai.cli.failures import configuration_error

if TYPE_CHECKING:
    from kessai.settings import Settings


def settings_from(**flags: Any) -> Settings:
    """All settings; a flag that was given (is not None) wins over the environment and `.env`.

    Raises:
        CommandError: something is wrong with them.
    """
    from kessai.settings import ConfigurationError, load_settings

    try:
        return load_settings(**flags)
    except ConfigurationError as error:
        raise configuration_error(str(error), hint="`kessai env` tells what every option is for") from None


def own_url() -> str:
    """Where this machine reaches the server that these settings start.

    Raises:
        CommandError: something is wrong with them.
    """
    from kessai.cli.listening import base_url

    settings = settings_from()
    return base_url(settings.host, settings.port)
