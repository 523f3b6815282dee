"""What keeps a webhook from arriving, in words for the attempt's record."""

from __future__ import annotations

import errno
import ssl
from typing import Final

_OS_ERRORS: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.ECONNABORTED: "connection reset",
    errno.EPIPE: "connection reset",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network unreachable",
    errno.ETIMEDOUT: "connection timed out",
    errno.EMFILE: "this process has too many open files",
}


class WireError(Exception):
    """Something that went wrong on the way; its message is what the attempt's record says."""


class DestinationRefusedError(WireError):
    """The address is one that webhooks may not go to."""


class HostNotFoundError(WireError):
    """The host's addresses could not be told."""


class NoAnswerError(WireError):
    """What came back is no answer, or not all of one."""


def in_words(error: Exception) -> str:
    """One line, without the receiver's own text."""
    if isinstance(error, WireError):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS certificate refused: {error.verify_message or error.reason}"
    if isinstance(error, ssl.SSLError):
        return f"TLS handshake failed: {(error.reason or 'no reason given').replace('_', ' ').lower()}"
    if isinstance(error, OSError):
        return _OS_ERRORS.get(error.errno or 0, "connection failed")
    return f"could not be sent ({type(error).__name__})"
