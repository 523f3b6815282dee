"""Every option: its default, its bounds and one line of help. Who uses it, and how, is `bootstrap`'s.

A setting NAME is read from the first of these that has it: what the caller passes (the command's flags),
the environment, the file `.env`. In each, KESSAI_NAME wins over NAME; secrets may come from a file that
KESSAI_NAME_FILE or NAME_FILE names. A variable that is empty counts as unset.
"""

from kessai.settings.loading import Option, describe, load_settings
from kessai.settings.options import (
    API_SECRET_KEY_LENGTH_MIN,
    DEFAULT_API_SECRET_KEY,
    WELL_KNOWN_API_KEY,
    Settings,
)
from kessai.settings.sources import SECRETS, ConfigurationError

__all__ = [
    "API_SECRET_KEY_LENGTH_MIN",
    "DEFAULT_API_SECRET_KEY",
    "SECRETS",
    "WELL_KNOWN_API_KEY",
    "ConfigurationError",
    "Option",
    "Settings",
    "describe",
    "load_settings",
]
