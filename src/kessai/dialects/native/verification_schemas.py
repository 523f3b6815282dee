"""The wire shapes of verifying a webhook."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from kessai.dialects.native.schemas import In, Moment
from kessai.dialects.native.signature_schemes import SCHEMES
from kessai.dialects.native.verification import TOLERANCE
from kessai.domain.merchant import GRACE_MAX
from kessai.http.routes import Out

HEADERS_MAX: Final = 100
"""What web servers take of one request. How long they and the body are, the bound of our own bodies says."""
_SECRET_MAX: Final = 1024

_Name = Annotated[str, Field(min_length=1)]


class HeaderIn(In):
    """One header as it was received."""

    name: _Name
    value: str


_Object = Annotated[dict[_Name, str], Field(max_length=HEADERS_MAX)]
_List = Annotated[list[HeaderIn], Field(max_length=HEADERS_MAX)]


def _listed(headers: object) -> object:
    """A list of pairs of an object, which cannot have a name twice."""
    if not isinstance(headers, dict):
        return headers
    return [{"name": name, "value": value} for name, value in headers.items()]


class VerifyIn(In):
    """A message as it was received, and what to verify it with: a secret, or an endpoint that has some."""

    body: Annotated[
        str,
        Field(
            description="The raw body as text, before anything parsed it",
            examples=['{"event":"ping"}'],
        ),
    ]
    headers: Annotated[
        _List,
        BeforeValidator(_listed, json_schema_input_type=_Object | _List),
        Field(description="Names to values, or a list of `name` and `value`; names have no case"),
    ]
    secret: Annotated[str, Field(min_length=1, max_length=_SECRET_MAX)] | None = Field(
        None, description="The secret that your receiver has, as it has it"
    )
    endpoint_id: str | None = Field(None, description="Instead: verify with the secrets of this endpoint")
    tolerance_s: Annotated[int, Field(ge=0, le=int(GRACE_MAX.total_seconds()))] = Field(
        int(TOLERANCE.total_seconds()), description="How old a message may be"
    )
    received_at: Moment | None = Field(None, description="When it was received; now when left out")


class StepOut(Out):
    """One thing that a verifier looks at."""

    name: Literal["header", "format", "timestamp", "signature", "age"]
    ok: bool
    message: str
    hint: str | None


class VerdictOut(Out):
    """What the verifier of one scheme would say. The steps end with the first that is not ok."""

    scheme: Literal[tuple(each.name for each in SCHEMES)]  # type: ignore[valid-type]
    valid: bool
    steps: list[StepOut]


class VerifiedOut(Out):
    """`valid`: every scheme whose headers are there verifies."""

    valid: bool
    schemes: list[VerdictOut]
