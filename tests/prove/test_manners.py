"""Which refusals are good manners while a database is away."""

from __future__ import annotations

import json

import pytest

from tests.e2e.journal import Answer, Ask, Journal
from tests.prove.manners import Manners

PAY = Ask("key", "/payments", {})
OTHER = Ask("another key", "/payments", {})


def answer(status: int, code: str = "IDEMPOTENCY_KEY_IN_USE", *, retry_after: str = "1") -> Answer:
    return Answer(status, {"Retry-After": retry_after}, json.dumps({"error": {"code": code}}).encode(), 0.5)


AWAY, IN_USE = answer(503, "DATABASE_UNAVAILABLE"), answer(409)
ILL: dict[str, list[tuple[Ask, Answer]]] = {
    "a key that nobody has asked with is in use": [(PAY, IN_USE)],
    "a key is in use, since another's commit is in doubt": [(OTHER, AWAY), (PAY, IN_USE)],
    "it is in use first, and in doubt then": [(PAY, IN_USE), (PAY, AWAY)],
    "nobody is told when": [(PAY, answer(503, "DATABASE_UNAVAILABLE", retry_after=""))],
    "another conflict": [(PAY, AWAY), (PAY, answer(409, "CONFLICT"))],
    "the disk is full": [(PAY, answer(507, "STORAGE_FULL"))],
}


def test_a_key_may_be_in_use_once_its_commit_is_in_doubt() -> None:
    manners = Manners()

    manners.judge(Journal(refused=[(PAY, AWAY), (PAY, IN_USE), (PAY, IN_USE)]))

    assert (manners.findings, manners.in_use, manners.refused_s_max) == ([], 2, 0.5)


@pytest.mark.parametrize("name", ILL)
def test_ill_manners_are_found(name: str) -> None:
    manners = Manners()

    manners.judge(Journal(refused=ILL[name]))

    assert len(manners.findings) == 1
