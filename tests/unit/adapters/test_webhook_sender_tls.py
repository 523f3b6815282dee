"""Posting over TLS: whom the sender trusts, and what it says about others."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kessai.domain.destinations import Destinations
from kessai.services.ports import WebhookSender
from tests.support.receiver import Receiver
from tests.unit.adapters.conftest import SenderOf
from tests.unit.adapters.receivers import listening, ping, saying


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that only its maker vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """The receiver's side."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


OK = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


async def test_a_trusted_certificate_is_fine(
    sender_of: SenderOf, server_tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    sender = sender_of(tls=ssl.create_default_context(cafile=certificate[0]))

    async with listening(OK, server_tls) as url:
        result = await sender.post(ping(url.replace("127.0.0.1", "localhost")))

    assert (result.status_code, result.answer) == (200, "ok")


async def test_a_certificate_that_nobody_vouches_for(
    sender: WebhookSender, server_tls: ssl.SSLContext
) -> None:
    async with listening(OK, server_tls) as url:
        result = await sender.post(ping(url))

    assert result.status_code is None
    assert (result.error or "").startswith("TLS certificate refused: self")


async def test_a_certificate_of_another_host(
    sender_of: SenderOf, server_tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    sender = sender_of(tls=ssl.create_default_context(cafile=certificate[0]))

    async with listening(OK, server_tls) as url:
        result = await sender.post(ping(url))

    assert (result.error or "").startswith("TLS certificate refused: IP address mismatch")


async def test_https_to_a_port_that_speaks_plain_http(sender: WebhookSender, receiver: Receiver) -> None:
    result = await sender.post(ping(receiver.url.replace("http:", "https:")))

    assert result.status_code is None
    assert (result.error or "").startswith("TLS handshake failed: ")


async def test_a_certificate_may_go_unverified_where_only_this_machine_can_reach_us(
    sender_of: SenderOf, server_tls: ssl.SSLContext
) -> None:
    team = Destinations.listed("127.0.0.1", is_local=False)

    async with listening(OK, server_tls) as url:
        unverified = replace(ping(url), verifies_tls=False)
        local = await sender_of().post(unverified)
        # an endpoint that was made on one machine, and is now a team's
        shared = await sender_of(destinations=team).post(unverified)

    assert (local.status_code, local.answer) == (200, "ok")
    assert (shared.error or "").startswith("TLS certificate refused: ")


async def test_an_unverified_connection_is_not_lent_to_who_verifies(
    sender: WebhookSender, server_tls: ssl.SSLContext
) -> None:
    async with listening(
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", hang_up=False), server_tls
    ) as url:
        assert (await sender.post(replace(ping(url), verifies_tls=False))).succeeded

        assert not (await sender.post(ping(url))).succeeded
