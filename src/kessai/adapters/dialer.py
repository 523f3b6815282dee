"""Connects to receivers, after asking about the very address that each socket is about to have."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Final

from kessai.adapters.name_lookup import Found, NameLookup, SocketAddress
from kessai.adapters.webhook_connection import Connection
from kessai.adapters.wire_errors import DestinationRefusedError, HostNotFoundError
from kessai.domain.destinations import Destinations
from kessai.domain.web_address import WebAddress

_FAMILIES: Final = frozenset({socket.AF_INET, socket.AF_INET6})


class Dialer:
    """Makes connections to where `destinations` lets them go; `tls` replaces the system's authorities."""

    def __init__(self, destinations: Destinations, names: NameLookup, tls: ssl.SSLContext | None) -> None:
        self._destinations = destinations
        self._names = names
        self._verified = tls
        self._unverified: ssl.SSLContext | None = None

    async def dial(
        self, address: WebAddress, connection: Connection, *, verifies_tls: bool, within_s: float
    ) -> None:
        """Connect `connection` to the first of the host's addresses that lets us; for https, speak TLS.

        `within_s` is shared out among the addresses, so that one that hangs leaves time for the next.

        Raises:
            DestinationRefusedError: none of them may be connected to.
            HostNotFoundError: there is none.
            OSError: connecting failed.
        """
        context = await self._context(verifies=verifies_tls) if address.is_tls else None
        wire = await self._connected(address, within_s)
        # From here on the transport has the socket, also if the handshake fails.
        await asyncio.get_running_loop().create_connection(
            lambda: connection, sock=wire, ssl=context, server_hostname=address.host if context else None
        )

    async def _connected(self, address: WebAddress, within_s: float) -> socket.socket:
        found = _itself(address) if address.is_literal else await self._names.find(address.host, address.port)
        problems: list[Exception] = []
        deadline = asyncio.get_running_loop().time() + within_s
        for left, (family, place) in zip(range(len(found), 0, -1), found, strict=True):
            now = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout_at(now + (deadline - now) / left):
                    return await self._connect(family, place, address.host)
            except (DestinationRefusedError, OSError) as problem:  # TimeoutError is an OSError
                problems.append(problem)
        if not problems:
            raise HostNotFoundError("could not resolve host")
        tried = (each for each in problems if not isinstance(each, DestinationRefusedError))
        raise next(tried, problems[0])

    async def _connect(self, family: int, place: SocketAddress, host: str) -> socket.socket:
        """Connect one socket, unless its address is one to keep away from."""
        # Nothing comes between the question and the connecting: both have the same numeric address.
        refusal = self._destinations.refusal(place[0], host=host)
        if refusal is not None or family not in _FAMILIES:
            raise DestinationRefusedError(refusal or "may not connect by anything but IP")
        wire = socket.socket(family, socket.SOCK_STREAM)
        try:
            wire.setblocking(False)
            await asyncio.get_running_loop().sock_connect(wire, place)
        except BaseException:
            wire.close()
            raise
        return wire

    async def _context(self, *, verifies: bool) -> ssl.SSLContext:
        """The rules of TLS, made in a thread when first needed: reading the authorities takes a while."""
        # Where others can reach us, an endpoint's wish of former days does not count any more.
        if verifies or not self._destinations.is_local:
            if self._verified is None:
                self._verified = await asyncio.to_thread(_verified)
            return self._verified
        if self._unverified is None:
            self._unverified = _unverified()
        return self._unverified


def _itself(address: WebAddress) -> Found:
    if ":" in address.host:
        return ((socket.AF_INET6, (address.host, address.port, 0, 0)),)
    return ((socket.AF_INET, (address.host, address.port)),)


def _verified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
