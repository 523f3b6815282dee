"""What generated requests of the native API are held against, and how they come to things that are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from kessai.domain.ids import canonical

Case = schemathesis.Case[Any]
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
    unsupported_method,
    allow_header_conformance,
]
"""Not that all that fits the document is taken: it cannot say which fields need each other."""


def make_known(case: Case, ids: Mapping[str, str]) -> None:
    """Make about half of the ids in a path those of things that are there."""
    for name, value in case.path_parameters.items():
        if name in ids and (made := canonical(str(value))) and made[-1] in "01234567":
            case.path_parameters[name] = ids[name]
