"""Where webhooks may go: a rule about addresses, and the names an operator vouches for. Pure.

It is asked with the address that is about to be dialled, and before that with what a URL spells out.
`ipaddress.is_global` is not enough: it lets addresses pass that lead to private ones, such as those of
6to4, and differs between versions of Python. So the registries are written down here.

Sources: IANA's special-purpose address registries for IPv4 and IPv6, and the clouds' pages on their metadata
servers, read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from kessai.domain.values import value
from kessai.domain.web_address import canonical_name

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Named = tuple[tuple[Network, str], ...]

ALLOWED_MAX: Final = 200
"""Entries of WEBHOOK_ALLOW: each is looked at for every new connection."""


def _named(*rows: tuple[str, str]) -> Named:
    return tuple((ip_network(network), what) for network, what in rows)


_METADATA: Final = "the address of a cloud's metadata"
_TRANSLATED: Final = "an address of a translator whose target cannot be told"
_RESERVED: Final = "a reserved address"

# What no webhook may reach, whoever asks. 0.0.0.0 and :: are no destinations: that Linux takes them for
# loopback is a trick to pass checks, and whoever means loopback can write it.
_NEVER: Final = _named(
    ("169.254.0.0/16", "a link-local address, where clouds keep their metadata"),
    ("100.100.100.200/32", _METADATA),  # Alibaba Cloud
    ("168.63.129.16/32", _METADATA),  # Azure; a public address, but only within its virtual machines
    ("192.0.0.192/32", _METADATA),  # Oracle Cloud
    ("0.0.0.0/8", "no address of a machine"),
    ("224.0.0.0/4", "a multicast address"),
    ("255.255.255.255/32", "the broadcast address"),
    ("240.0.0.0/4", _RESERVED),
    ("fe80::/10", "a link-local address"),
    ("fd00:ec2::254/128", _METADATA),  # Amazon
    ("fd20:ce::254/128", _METADATA),  # Google
    ("::/128", "no address of a machine"),
    ("ff00::/8", "a multicast address"),
    ("64:ff9b:1::/48", _TRANSLATED),
)

# The rest of what is not public.
_PRIVATE: Final = _named(
    ("127.0.0.0/8", "a loopback address"),
    ("10.0.0.0/8", "a private address"),
    ("172.16.0.0/12", "a private address"),
    ("192.168.0.0/16", "a private address"),
    ("100.64.0.0/10", "an address shared behind a carrier's NAT"),
    ("192.0.0.0/24", "an address for protocols"),
    ("192.0.2.0/24", "an address for documentation"),
    ("198.51.100.0/24", "an address for documentation"),
    ("203.0.113.0/24", "an address for documentation"),
    ("192.88.99.0/24", "an address of 6to4 relays"),
    ("198.18.0.0/15", "an address for benchmarks"),
    ("::1/128", "a loopback address"),
    ("fc00::/7", "a private address"),
    ("2001:db8::/32", "an address for documentation"),
    ("3fff::/20", "an address for documentation"),
    ("2001::/23", "an address for protocols"),
)

# All that is given to machines in IPv6, with what stands above; the rest is reserved.
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_6TO4: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
"""The third group of 32 bits of an address by ISATAP; the fourth is an IPv4 address."""


@value(frozen=True, slots=True)
class Destinations:
    """What one process may connect to.

    `is_local`: only its own machine can reach it, so loopback and private networks, where the code under
    test runs, are open. Otherwise they are closed but for `networks` and `hosts`, which an operator lists.
    """

    is_local: bool
    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def listed(cls, allowed: str, *, is_local: bool) -> Destinations:
        """From a list of networks, addresses and host names, separated by commas.

        Raises:
            ValueError: one of them is none, or could never be allowed; it says which and why.
        """
        entries = [entry for entry in (part.strip() for part in allowed.split(",")) if entry]
        if len(entries) > ALLOWED_MAX:
            raise ValueError(f"has more than {ALLOWED_MAX} entries; put neighbours into one network")
        read = [_entry(entry) for entry in entries]
        return cls(
            is_local=is_local,
            networks=tuple(entry for entry in read if not isinstance(entry, str)),
            hosts=frozenset(entry for entry in read if isinstance(entry, str)),
        )

    def refusal(self, address: str, *, host: str | None = None) -> str | None:
        """Why nothing may connect to `address`, in words; None if it may. `host` is the name it came from."""
        try:
            dialled = ip_address(address.partition("%")[0])
        except ValueError:
            return f"may not connect to {address[:60]!r}: not an address"
        for each in _targets(dialled):
            what = self._objection(each, is_named=host is not None and host in self.hosts)
            if what is not None:
                leads = "" if each == dialled else f"it leads to {each}, "
                return f"may not connect to {dialled}: {leads}{what}"
        return None

    def _objection(self, address: Address, *, is_named: bool) -> str | None:
        never = _what(address, _NEVER) or _reserved(address)
        if never is not None:
            return never
        if self.is_local or is_named or any(address in network for network in self.networks):
            return None
        private = _what(address, _PRIVATE)
        return private and f"{private}; list it in WEBHOOK_ALLOW"


def _what(address: Address, named: Named) -> str | None:
    return next((what for network, what in named if address in network), None)


def _reserved(address: Address) -> str | None:
    """What an IPv6 address is that is given to no machine."""
    if address.version == 4 or address in _GLOBAL_UNICAST or _what(address, _PRIVATE):
        return None
    return None if address in _NAT64 else _RESERVED


def _targets(address: Address) -> Iterator[Address]:
    """The address, unless it is another's in disguise, and the IPv4 addresses within it."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address in _MAPPED:
        yield _v4(address)
        return
    # Without a zone, so that it compares.
    yield IPv6Address(int(address))
    yield from _embedded(address)


def _embedded(address: IPv6Address) -> Iterable[IPv4Address]:
    if address in _TEREDO:
        return _v4(address, 64), IPv4Address(~int(address) & 0xFFFFFFFF)
    if address in _6TO4:
        return (_v4(address, 80),)
    if address in _NAT64 or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return (_v4(address),)
    return ()


def _v4(address: IPv6Address, shift: int = 0) -> IPv4Address:
    """The 32 bits that have `shift` bits after them."""
    return IPv4Address((int(address) >> shift) & 0xFFFFFFFF)


def _entry(text: str) -> Network | str:
    """A network, or a host name in the form in which it is compared."""
    network = _network(text)
    if network is None:
        return canonical_name(text)
    never = next((what for each, what in _NEVER if _is_within(network, each)), None)
    if never is not None:
        raise ValueError(f"cannot allow {text}: {never} is never connected to")
    return network


def _network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        if "/" in text:
            raise ValueError(f"has {text[:60]!r}, which is no network such as 10.0.0.0/8") from None
        return None
    raise ValueError(f"has {text[:60]!r}, an address within a network: write {meant}")


def _is_within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)
