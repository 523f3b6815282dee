"""Reading what payers send from pages: plain HTML forms."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

from kessai.dialects.stripe.errors import StripeError
from kessai.http.request import Request

_FIELDS_MAX: Final = 20
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
