"""The one place where parts are joined."""

from kessai.bootstrap.gateway import Gateway, NotMigratedError, open_database, open_gateway, prepare
from kessai.bootstrap.tools import World

__all__ = ["Gateway", "NotMigratedError", "World", "open_database", "open_gateway", "prepare"]
