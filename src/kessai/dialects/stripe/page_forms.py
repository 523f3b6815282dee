"""Reading what payers send from pages, plain HTML forms, and what the addresses they open say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from kessai.dialects.stripe.errors import StripeError
from kessai.domain.values import value
from kessai.http.request import Request

_FIELDS_MAX: Final = 120
"""A quantity for each line of a Checkout session, and who pays for them."""
_LENGTH_MAX: Final = 512
"""Characters of a field: as many as an e-mail address may have here."""


class PageFormReader:
    """The reader of a route whose `form` is the fields of a form, each given once."""

    takes_body: Final = True

    def read(self, request: Request, raw: bytes) -> tuple[dict[str, Any], object]:
        """The fields, as `form`.

        Raises:
            StripeError: it is not a form, or none of a page here.
        """
        try:
            pairs = parse_qsl(
                raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX
            )
        except ValueError:
            raise StripeError("The form cannot be read.") from None
        fields = dict(pairs)
        if len(fields) < len(pairs) or any(len(each) > _LENGTH_MAX for each in fields.values()):
            raise StripeError("A field of the form is given twice, or is too long.")
        return {"form": fields}, fields


@value(frozen=True, slots=True)
class Visitor:
    """Who opens an address. `query` is what it says, `is_only_looking`: they ask for the headers alone."""

    query: Mapping[str, str]
    is_only_looking: bool


class VisitorReader:
    """The reader of a route that takes a `visitor`."""

    takes_body: Final = False

    def read(self, request: Request, raw: bytes) -> tuple[dict[str, Any], object]:
        """Who it is. What cannot be read of the query says nothing: who was sent there cannot mend it."""
        try:
            pairs = parse_qsl(request.query_string.decode("ascii"), max_num_fields=_FIELDS_MAX)
        except ValueError:
            pairs = []
        query = {name: each for name, each in pairs if len(each) <= _LENGTH_MAX}
        return {"visitor": Visitor(query, request.method == "HEAD")}, query
