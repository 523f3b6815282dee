"""Problems in sentences that help."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from kessai.http.errors import Problem
from kessai.http.problems import problems_of
from tests.support.real_card import REAL_CARD


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("must be even, for example 2")
    return value


class Inner(BaseModel):
    """A part."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: str = ""
    cvc: str | None = None


class Outer(BaseModel):
    """The whole."""

    model_config = ConfigDict(extra="forbid", strict=True)

    amount: Annotated[int, Field(ge=1), AfterValidator(_even)]
    kind: Literal["a", "b"] = "a"
    inner: Inner | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class Bare(BaseModel):
    """Nothing at all."""

    model_config = ConfigDict(extra="forbid")


def problems(body: dict[str, Any], model: type[BaseModel] = Outer) -> list[Problem]:
    with pytest.raises(ValidationError) as failed:
        model.model_validate(body)
    return problems_of(failed.value, model)


def test_what_is_missing() -> None:
    assert problems({}) == [Problem("amount", "amount is required")]


def test_what_is_of_the_wrong_kind_is_not_repeated() -> None:
    (problem,) = problems({"amount": "secret"})
    assert problem == Problem("amount", "amount: input should be a valid integer")


def test_our_own_sentences_are_left_as_they_are() -> None:
    assert problems({"amount": 3}) == [Problem("amount", "must be even, for example 2")]


def test_a_mistyped_name_gets_the_nearest_one_on_its_level() -> None:
    (problem,) = problems({"amount": 2, "amonut": 2})
    assert problem == Problem("amonut", "amonut is not a field here", "did you mean amount?")
    (problem,) = problems({"amount": 2, "inner": {"cvv": ""}})
    assert (problem.param, problem.hint) == ("inner.cvv", "did you mean cvc?")


def test_a_name_like_no_other_gets_them_all() -> None:
    (problem,) = problems({"amount": 2, "zzz": 2})
    assert problem.hint == "known fields: amount, kind, inner, tags"
    (problem,) = problems({"zzz": 2}, Bare)
    assert problem.hint is None


def test_names_are_shown_within_bounds_and_without_card_numbers() -> None:
    (problem,) = problems({"amount": 2, "x" * 1_000: 2})
    assert problem.param == "x" * 40
    (problem,) = problems({"amount": 2, "tags": {REAL_CARD: 1}})
    assert problem.param == f"tags.************{REAL_CARD[-4:]}"


def test_problems_have_an_end() -> None:
    assert len(problems({f"f{number}": 1 for number in range(1_000)})) == 20
