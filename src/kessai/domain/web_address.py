"""A URL taken apart once: what is checked is what is dialled, for both read it here. Pure.

Stricter than browsers. A host is a name, or an address in its usual form: 0x7f.1, 2130706433, full-width
digits and whatever else some resolvers take for 127.0.0.1 are refused, and nobody has to guess.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from kessai.domain.values import value

_PARTS: Final = re.compile(r"(https?)://([^/?#]*)([^#]*)(#?)", re.IGNORECASE | re.ASCII)
_AUTHORITY: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
# WHATWG, URL Standard, "ends in a number checker", read 2026-11-25: such a host can only be an address.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
# These four are other names in the older encoding, which is the one at hand.
_AMBIGUOUS: Final = frozenset("\u00df\u03c2\u200c\u200d")
_NOT_IN_TARGETS: Final = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@/?%-]|%(?![0-9A-Fa-f]{2})")
_NAME_MAX: Final = 253


@value(frozen=True, slots=True)
class WebAddress:
    """Where a request goes. `host` is a name in lower-case ASCII, or an address as `ipaddress` writes it."""

    is_tls: bool
    host: str
    port: int
    target: str

    @property
    def is_literal(self) -> bool:
        """Whether the host is an address rather than a name."""
        return ":" in self.host or _NUMBER.fullmatch(self.host.rpartition(".")[2]) is not None

    @property
    def authority(self) -> str:
        """Host and port as the `Host` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


def web_address(url: str) -> WebAddress:
    """Take a URL apart.

    Raises:
        ValueError: it cannot be posted to; the message goes on after "the url".
    """
    if " " in url or not url.isprintable():
        raise ValueError("has spaces or control characters")
    if "\\" in url:
        raise ValueError("has a backslash, which some take for a slash")
    parts = _PARTS.fullmatch(url.partition("#")[0] + ("#" if "#" in url else ""))
    if parts is None:
        raise ValueError("has to begin with http:// or https://")
    scheme, authority, target, fragment = parts.groups()
    if "@" in authority:
        raise ValueError("must not hold a user name or password")
    if fragment:
        raise ValueError("must not have a fragment")
    host, port = _host_and_port(authority)
    is_tls = scheme.lower() == "https"
    return WebAddress(is_tls, host, port or (443 if is_tls else 80), _target(target))


def canonical_name(name: str) -> str:
    """A host name in ASCII, lower case, without a dot at the end.

    Raises:
        ValueError: it is no host name.
    """
    if not set(name).isdisjoint(_AMBIGUOUS):
        raise ValueError(f"has a host that can be read in two ways: write {name[:60]!r} in its xn-- form")
    try:
        ascii_name = name.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise ValueError(f"has no usable host: {name[:60]!r}") from None
    labels = ascii_name.split(".")
    if len(ascii_name) > _NAME_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"has no usable host: {name[:60]!r}")
    if _NUMBER.fullmatch(labels[-1]):
        raise ValueError(f"has a host in an unusual form of an address: {name[:60]!r}")
    return ascii_name


def _host_and_port(authority: str) -> tuple[str, int | None]:
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise ValueError("has no usable host and port")
    host, digits = found.groups()
    if digits is None:
        return _host(host), None
    # The length first: somebody may write thousands of digits.
    if not 1 <= len(digits) <= 5 or not 1 <= int(digits) <= 65_535:
        raise ValueError("has no usable port")
    return _host(host), int(digits)


def _host(text: str) -> str:
    if text.startswith("["):
        return _ipv6(text[1:-1])
    try:
        return str(IPv4Address(text))
    except ValueError:
        return canonical_name(text)


def _ipv6(text: str) -> str:
    try:
        address = IPv6Address(text)
    except ValueError:
        raise ValueError(f"has no usable host: [{text[:60]}] is no IPv6 address") from None
    if address.scope_id is not None:
        raise ValueError("has a host with a zone, which means something on one machine only")
    return str(address)


def _target(text: str) -> str:
    """Path and query as they go over the wire: what has no place there is percent-encoded."""
    path = text if text.startswith("/") else f"/{text}"
    return _NOT_IN_TARGETS.sub(lambda found: _encoded(found.group()), path)


def _encoded(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode())
