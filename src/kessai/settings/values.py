"""What the value of a setting may look like: checks that return it in one form, or say what is wrong."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, Field, SecretStr

from kessai.domain.destinations import Destinations

_SQLITE_SCHEMES: Final = frozenset({"sqlite", "sqlite+aiosqlite"})
_POSTGRESQL_SCHEMES: Final = frozenset({"postgres", "postgresql", "postgresql+asyncpg"})
_USE: Final = "use sqlite:///kessai.db (a file) or postgresql://user:password@host/name"

_LISTED_MAX: Final = 5
"""Earlier secrets: each costs a request with an unknown key one more look-up."""

lower = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)
upper = BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)

Seconds = Annotated[float, Field(allow_inf_nan=False)]


def database_url(url: str) -> str:
    """The URL in SQLAlchemy's form: `sqlite:///FILE` or `postgresql+asyncpg://...`."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError(f"is not a URL: {_USE}")
    if scheme.lower() in _SQLITE_SCHEMES:
        return f"sqlite:///{_sqlite_file(rest)}"
    if scheme.lower() in _POSTGRESQL_SCHEMES:
        _parts(f"postgresql://{rest}")
        # asyncpg's name for what libpq, and the URLs that hosting companies give out, call sslmode
        return "postgresql+asyncpg://" + re.sub(r"(?<=[?&])sslmode=", "ssl=", rest)
    raise ValueError(f"cannot start with {scheme}://: {_USE}")


def _sqlite_file(rest: str) -> str:
    path = rest.removeprefix("/")
    if not path or ":memory:" in path or "mode=memory" in path:
        raise ValueError(
            "cannot be in memory, what was acknowledged must last: name a file, such as sqlite:///kessai.db"
        )
    if not rest.startswith("/"):
        raise ValueError(
            "needs three slashes before a relative path and four before an absolute one, such as sqlite:///kessai.db"
        )
    if "?" in path or path.startswith("file:") or path.endswith("/"):
        raise ValueError("must be a plain file name after sqlite:///, without options")
    return str(Path(path).expanduser()) if path.startswith("~/") else path


def redis_url(url: str) -> str:
    """The URL, if redis-py can use it."""
    parts = _parts(url)
    if parts.scheme not in {"redis", "rediss", "unix"} or not (parts.hostname or parts.path):
        raise ValueError("must look like redis://host:6379/0, rediss://... or unix:///path")
    return url


def host(host: str) -> str:
    """The name or address, without the brackets of an IPv6 URL."""
    bare = host.removeprefix("[").removesuffix("]")
    if re.search(r"[\s/@]", bare) or (":" in bare and not is_address(bare)):
        raise ValueError("must be a host name or an address, without scheme and port")
    return bare


def webhook_allow(allowed: str) -> str:
    """The list as it was written, if each part can be allowed."""
    Destinations.listed(allowed, is_local=False)
    return allowed


def public_url(url: str) -> str:
    """The URL without a slash at its end."""
    if not _is_web_url(url) or set("?#") & set(url):
        raise ValueError("must look like https://pay.example.com")
    return url.rstrip("/")


def origins(origins: str) -> str:
    """The list as it was written, if each part is an origin as browsers send it."""
    for origin in filter(None, (part.strip() for part in origins.split(","))):
        if origin != "*" and (not _is_web_url(origin) or _parts(origin).path):
            raise ValueError(
                "must be * or a comma-separated list such as https://a.example,http://localhost:3000"
            )
    return origins


def _is_web_url(text: str) -> bool:
    parts = _parts(text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # is checked when it is read
    except ValueError:
        # The library's own words would show parts of a password.
        raise ValueError(
            "has no usable host and port; special characters in a password must be percent-encoded"
        ) from None
    return parts


def is_address(text: str) -> bool:
    """Whether it is an IP address, of either version."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine is meant by it."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return is_address(host) and ip_address(host).is_loopback


def printable(secret: SecretStr) -> SecretStr:
    """The secret, if it fits into a header and onto a command line."""
    if not re.fullmatch(r"[!-~]{8,255}", secret.get_secret_value()):
        raise ValueError("must be 8 to 255 printable ASCII characters without spaces")
    return secret


def parts(listed: str) -> tuple[str, ...]:
    """What is between the commas, without the white space around it."""
    return tuple(filter(None, (part.strip() for part in listed.split(","))))


def printable_list(secrets: SecretStr) -> SecretStr:
    """The list as it was written, if each part is one that `printable` takes."""
    listed = parts(secrets.get_secret_value())
    for each in listed:
        printable(SecretStr(each))
    if not 1 <= len(listed) <= _LISTED_MAX:
        raise ValueError(f"must be 1 to {_LISTED_MAX} values, separated by commas")
    return secrets


def no_live_key(secret: SecretStr) -> SecretStr:
    """The key, unless it is one that moves money elsewhere."""
    if re.match(r"[sr]k_live_", secret.get_secret_value()):
        raise ValueError("looks like a live key of a real gateway; this one takes no money and no such keys")
    return secret
