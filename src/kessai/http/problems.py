"""From Pydantic's errors to sentences that help, without repeating what was sent: it may be a secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from kessai.http.errors import Problem
from kessai.simulation.card_data import mask_card_data

_PROBLEMS_MAX: Final = 20
_NAME_SHOWN_MAX: Final = 40


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Every problem of one body or query, at most `_PROBLEMS_MAX`."""
    found = error.errors(include_url=False, include_context=True, include_input=False)
    return [_problem(each, model) for each in found[:_PROBLEMS_MAX]]


def _problem(error: Any, model: type[BaseModel]) -> Problem:
    where = [str(part) for part in error["loc"]]
    param = ".".join(mask_card_data(part)[:_NAME_SHOWN_MAX] for part in where) or None
    match error["type"]:
        case "missing":
            return Problem(param, f"{param} is required")
        case "extra_forbidden":
            return Problem(param, f"{param} is not a field here", _nearest(where, model))
        case "value_error":
            return Problem(param, str(error["ctx"]["error"]))
        case _:
            message = error["msg"]
            return Problem(param, f"{param}: {message[0].lower()}{message[1:]}")


def _nearest(where: Sequence[str], model: type[BaseModel]) -> str | None:
    # Imported when somebody mistypes: not needed to start.
    from difflib import get_close_matches

    known = _fields_at(where[:-1], model)
    near = get_close_matches(where[-1], known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"known fields: {', '.join(known)}" if known else None


def _fields_at(path: Sequence[str], model: type[BaseModel]) -> list[str]:
    for part in path:
        field = model.model_fields.get(part)
        inner = next(
            (
                each
                for each in (
                    getattr(field, "annotation", None),
                    *getattr(getattr(field, "annotation", None), "__args__", ()),
                )
                if isinstance(each, type) and issubclass(each, BaseModel)
            ),
            None,
        )
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)
