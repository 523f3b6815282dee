"""Reading requests of the Stripe API: forms with brackets, by the parameters an operation has."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.errors import StripeError
from kessai.dialects.stripe.form import FormError, decode
from kessai.dialects.stripe.parameters import Reader as ParameterReader
from kessai.dialects.stripe.parameters import reader_for
from kessai.dialects.stripe.versions import as_meant, asked_version
from kessai.http.request import Request

_FORM: Final = "application/x-www-form-urlencoded"


class FormReader:
    """The reader of one route. `simulated` are the names of the parameters that are heeded."""

    def __init__(self, method: str, template: str, simulated: frozenset[str]) -> None:
        self._method = method
        self._template = template
        self._simulated = simulated
        self._made: ParameterReader | None = None

    @property
    def takes_body(self) -> bool:
        """Whether there is a body to wait for."""
        return self._method != "GET"

    def read(self, request: Request, raw: bytes) -> tuple[dict[str, Any], object]:
        """The parameters, from the body and the query, as `given`, and the `version` they are meant in.

        Raises:
            StripeError, ParameterError: they do not fit.
        """
        if raw and not _is_form(request):
            raise StripeError(
                f"Invalid request: send parameters as {_FORM}, which every Stripe library does."
            )
        try:
            given = decode(raw or request.query_string)
        except FormError as error:
            raise StripeError(f"Invalid request: {error}", param=error.param) from None
        if self._made is None:
            # When somebody first asks: most routes are never called.
            self._made = reader_for(self._method, self._template, self._simulated)
        version = asked_version(request)
        meant = as_meant(self._method, self._template, self._made.read(given), version)
        return {"given": meant, "version": version}, given


def _is_form(request: Request) -> bool:
    kind = request.header(b"content-type")
    return kind is None or kind.partition(";")[0].strip().lower() == _FORM
