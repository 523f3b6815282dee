"""A few seconds of each harness, so that none breaks unseen; what the pages show is run at full scale."""

from __future__ import annotations

import pytest

from tests.conftest import BOTH_DATABASES
from tests.prove.fleet import SWIFT, Setting
from tests.prove.ground import Kind
from tests.prove.hostile import prove_hostile
from tests.prove.kill import prove_kill
from tests.prove.model import prove_model
from tests.prove.planted.senders import GUARD_ON_THE_NAME
from tests.prove.prove_planted import HUNTS, ONE_DISPATCHER, Hunt, find, is_found
from tests.prove.races import RACING, prove_races
from tests.prove.redis import prove_redis
from tests.prove.refunds import prove_refunds
from tests.prove.signatures import prove_signatures
from tests.prove.storm import prove_storm
from tests.prove.term import PLAIN, prove_term

pytestmark = pytest.mark.slow
SEED = 7
IMPATIENT = Setting(timeout_s=2, retries=0, dispatchers=1, hangs=True)
ORDINARY = (
    "answer-before-commit",
    "enqueue-after-commit",
    "told-and-not-posted",
    "lease-without-fencing",
    "refund-one-short",
    "last-one-wins",
    "hoards-memory",
    "leaves-files-open",
    "migrates-in-pieces",
    GUARD_ON_THE_NAME,
)
"""Bugs that each run of the tests has to find; `prove planted` hunts all."""
OF_SECONDS = [next(each for each in HUNTS if each.plant == plant) for plant in ORDINARY]


@pytest.mark.parametrize("kind", BOTH_DATABASES)
def test_nothing_acknowledged_is_lost_when_processes_are_killed(kind: Kind) -> None:
    report = prove_kill(kind, 0.002, SEED, ONE_DISPATCHER)

    # How soon it is ready again says something of a machine that has nothing else to do.
    assert report.broken == [], report.evidence


@pytest.mark.parametrize("kind", BOTH_DATABASES)
def test_a_server_does_what_the_model_does(kind: Kind) -> None:
    report = prove_model(kind, 0.0005, SEED)

    assert report.failures == [], report.evidence


@pytest.mark.parametrize("kind", BOTH_DATABASES)
def test_no_minor_unit_is_off_when_many_want_their_money_back_at_once(kind: Kind) -> None:
    report = prove_refunds(kind, 0.005, SEED)

    assert report.failures == [], report.evidence


@pytest.mark.parametrize("kind", BOTH_DATABASES)
def test_one_key_has_one_effect_and_one_answer_however_many_race_for_it(kind: Kind) -> None:
    report = prove_races(kind, 0.002, SEED, RACING)

    assert report.failures == [], report.evidence


@pytest.mark.postgresql
def test_nobody_who_pays_notices_that_the_shared_count_is_gone() -> None:
    report = prove_redis("postgresql", 0.02, SEED)

    # How long a payment takes says something of a machine that has nothing else to do.
    assert report.broken == [], report.evidence


@pytest.mark.parametrize("kind", BOTH_DATABASES)
def test_who_is_told_to_end_answers_whom_it_has_let_in(kind: Kind) -> None:
    report = prove_term(kind, 0.01, SEED, PLAIN)

    # How long it takes says something of a machine that has nothing else to do.
    assert report.broken == [], report.evidence


@pytest.mark.parametrize("kind", BOTH_DATABASES)
def test_nothing_is_lost_in_a_storm(kind: Kind) -> None:
    report = prove_storm(kind, 0.002, SEED, SWIFT)

    assert report.failures == [], report.evidence


def test_a_healthy_receiver_does_not_notice_hostile_ones() -> None:
    report = prove_hostile("sqlite", 0.03, SEED, IMPATIENT)

    assert report.failures == [], report.evidence


def test_webhooks_verify_and_altered_ones_do_not() -> None:
    report = prove_signatures("sqlite", 0.01, SEED)

    assert report.failures == [], report.evidence


def case(hunt: Hunt) -> object:
    """On the database that starts sooner, unless the bug can only live on the other."""
    kind = hunt.kinds[0]
    marks = [pytest.mark.postgresql] if kind == "postgresql" else []
    return pytest.param(hunt, kind, id=f"{hunt.plant}-{hunt.run.__name__}", marks=marks)


@pytest.mark.parametrize(("hunt", "kind"), [case(hunt) for hunt in OF_SECONDS])
def test_a_planted_bug_is_found(hunt: Hunt, kind: Kind) -> None:
    assert is_found(hunt, find(hunt, kind, SEED))
