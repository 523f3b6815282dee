"""The sockets a server listens on: bound early, so that the port is known and a taken one is told of."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from kessai.cli.failures import CommandError, configuration_error

_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound here, but looked up
"""Addresses that mean all of them, and the one by which this machine reaches itself then."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Bound sockets, not yet accepting, and the port they share."""

    host: str
    port: int
    sockets: list[socket.socket]

    @property
    def base_url(self) -> str:
        """Where this machine reaches them."""
        return base_url(self.host, self.port)


def base_url(host: str, port: int) -> str:
    """Where this machine reaches a server that listens on `host`."""
    reached = _ANY.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


@contextmanager
def bound(host: str, port: int) -> Iterator[Listening]:
    """Bind `port`, or a free one if it is 0, on every address that `host` means.

    Raises:
        CommandError: the port is taken, or the host is none of this machine's.
    """
    sockets: list[socket.socket] = []
    try:
        try:
            _bind_all(host, port, sockets)
        except OSError as error:
            raise refusal(error, host, port) from error
        yield Listening(host, sockets[0].getsockname()[1], sockets)
    finally:
        for each in sockets:
            each.close()


def refusal(error: OSError, host: str, port: int) -> CommandError:
    """Why one cannot listen there, in words."""
    if error.errno == errno.EADDRINUSE:
        return configuration_error(
            f"port {port} on {host} is taken by another program",
            hint="choose another with --port, or let one be picked with --port 0",
        )
    if error.errno == errno.EACCES:
        return configuration_error(f"port {port} is not for everybody", hint="choose one above 1023")
    reason = error.strerror or str(error)
    return configuration_error(
        f"cannot listen on {host}: {reason}", hint="--host takes an address or a name of this machine"
    )


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _bind_all(host: str, port: int, sockets: list[socket.socket]) -> None:
    unusable: OSError | None = None
    for family, address in _addresses(host, port):
        # With port 0 the first socket chooses, and the others follow.
        chosen = sockets[0].getsockname()[1] if sockets else port
        try:
            sockets.append(_bind(family, address, chosen))
        except OSError as error:
            # A name may have an address of a family that this machine does not use.
            if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                raise
            unusable = error
    if not sockets and unusable is not None:
        raise unusable


def _bind(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            # Connections of the last run may still be closing. On Windows the option means something else.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    made.set_inheritable(True)
    return made
