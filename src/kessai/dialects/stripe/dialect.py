"""The Stripe API as the exchange sees it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final

from kessai.dialects.stripe import errors
from kessai.dialects.stripe.coverage import is_documented
from kessai.dialects.stripe.errors import StripeError, not_simulated, repeated
from kessai.dialects.stripe.ids import request_id as stripe_request_id
from kessai.dialects.stripe.objects.account import is_own
from kessai.dialects.stripe.versions import asked_version
from kessai.domain.errors import KessaiError
from kessai.http.answer import Answer, Headers
from kessai.http.reading import Reader
from kessai.http.request import Request
from kessai.http.routes import Route, Routers
from kessai.simulation.cards import mask_real_numbers

_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")
_ACCOUNT: Final = re.compile(r"acct_[A-Za-z0-9]{1,50}")
_ID_MAX: Final = 255
_NEWER_ROOTS: Final = ("/v2/", "/stripe/v2/")
"""Of what is there the document says nothing; none of it is simulated."""


class StripeDialect:
    """Bearer or Basic, forms in, indented JSON out; at the root and under /stripe."""

    name: Final = "stripe"
    takes_strangers: Final = True
    takes_public_keys: Final = True
    roots: Final = ("/v1/", "/stripe/v1/", *_NEWER_ROOTS)
    """With what a path begins that is this API's, known or not."""

    @property
    def routers(self) -> Routers:
        """At the root, for libraries that take no path, and under a name; and the payer's pages.

        Loaded by whoever serves them, which a dispatcher does not.
        """
        from kessai.dialects.stripe.routers import ROUTERS

        return ROUTERS

    def reader(self, route: Route) -> Reader:
        """By the parameters that the API's document gives an operation."""
        from kessai.dialects.stripe.routers import reader_of

        return reader_of(route)

    def path_parameter(self, part: str) -> str | None:
        """Whatever is there: an id that is none is unknown, and the answer says so."""
        return part if 0 < len(part) <= _ID_MAX and part.isprintable() else None

    def unknown(self, method: str, path: str, allowed: Sequence[str] = ()) -> KessaiError:
        """Not simulated, if the API's document has it; else no path of this API."""
        is_known = is_documented(method, path) or path.startswith(_NEWER_ROOTS)
        return not_simulated(f"{method} {path}") if is_known else _unknown_path(method, path)

    def credentials(self, request: Request) -> str | None:
        """The key, from `Bearer` or as the user of `Basic`, with the account it acts for behind a slash.

        An id that kessai itself gave is that of the key's own merchant: what some applications always send.
        """
        key = _key_of(request.header(b"authorization"))
        account = request.header(b"stripe-account")
        if key is None or not account or not _ACCOUNT.fullmatch(account) or is_own(account):
            return key
        return f"{key}/{account}"

    def idempotency_key(self, request: Request) -> str | None:
        """`Idempotency-Key`, 1 to 255 printable ASCII characters."""
        key = request.header(b"idempotency-key")
        if key is not None and not _KEY.fullmatch(key):
            raise StripeError("Idempotency keys are 1 to 255 printable characters of ASCII.")
        return key

    def answer_headers(self, request: Request, request_id: str) -> Headers:
        """The request's id and version, and its key."""
        headers = [
            (b"request-id", stripe_request_id(request_id).encode()),
            (b"stripe-version", asked_version(request).encode()),
        ]
        key = request.header(b"idempotency-key")
        if key is not None and request.method == "POST" and _KEY.fullmatch(key):
            headers.append((b"idempotency-key", mask_real_numbers(key).encode()))
        return headers

    def replay_headers(self, request_id: str) -> Headers:
        """Which request this is the answer of."""
        return ((b"original-request", stripe_request_id(request_id).encode()),)

    def refuse(self, error: KessaiError, request_id: str) -> Answer:
        """The error envelope."""
        return errors.refuse(error, stripe_request_id(request_id))


def _key_of(authorization: str | None) -> str | None:
    scheme, _, rest = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        user = base64.b64decode(rest.strip(), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user.partition(":")[0] or None


def _unknown_path(method: str, path: str) -> StripeError:
    """The refusal of a path that the API's document does not have."""
    return StripeError(
        f"Unrecognized request URL ({method}: {repeated(path, 200)}). If you are trying to list objects, "
        "remove the trailing slash. If you are trying to retrieve an object, pass a valid id.",
        status=404,
    )
