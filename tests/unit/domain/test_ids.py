"""Ids are canonical UUIDs whose order is that of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.domain.ids import (
    canonical,
    earliest_id,
    first_id_of,
    last_id_of,
    moment_of,
    stamp_at,
    stamp_in,
)

AN_ID = "0199d3c2-5f00-7abc-8def-0123456789ab"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, tzinfo=UTC)
moments = st.timedeltas(min_value=timedelta(0), max_value=LATEST - EPOCH).map(lambda since: EPOCH + since)


@given(st.uuids())
def test_a_uuid_has_one_form(uuid: UUID) -> None:
    assert canonical(str(uuid)) == str(uuid)
    assert canonical(str(uuid).upper()) == str(uuid)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pay_1",
        AN_ID[:-1],
        AN_ID + "0",
        f" {AN_ID[1:]}",
        AN_ID.replace("-", ""),
        AN_ID.replace("-", "_"),
        "g" + AN_ID[1:],
        # what Python's UUID() reads too
        "urn:" + AN_ID.replace("-", ""),
        "{" + AN_ID.replace("-", "") + "}}}",
        AN_ID.replace("-", "") + "----",
        "0_" + AN_ID[2:],
        "+1" + AN_ID[2:],
        "\uff10" + AN_ID[1:],
        "\0" * 36,
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert canonical(text) is None


@given(st.text(max_size=40))
def test_any_text_is_looked_at_without_a_fault(text: str) -> None:
    known = canonical(text)

    assert known is None or known == text.lower()


@given(at=moments, later=st.timedeltas(timedelta(0), timedelta(days=365)))
def test_ids_made_at_a_moment_or_later_are_not_before_its_earliest(at: datetime, later: timedelta) -> None:
    factory = UuidFactory(SeededDice(1))

    assert earliest_id(at) <= factory.new_id(at + min(later, LATEST - at))


@given(at=moments)
def test_ids_made_a_millisecond_before_are(at: datetime) -> None:
    before = at - timedelta(milliseconds=1)

    if before >= EPOCH:
        assert UuidFactory(SeededDice(1)).new_id(before) < earliest_id(at)


def test_a_moment_before_there_were_ids_is_before_all() -> None:
    assert earliest_id(datetime(1, 1, 1, tzinfo=UTC)) == "00000000-0000-0000-0000-000000000000"
    assert earliest_id(datetime.max.replace(tzinfo=UTC)) > str(UUID(int=uuid4().int >> 2))


@given(moments)
def test_an_id_begins_with_the_stamp_of_its_moment(at: datetime) -> None:
    made = UuidFactory(SeededDice(1)).new_id(at)

    assert stamp_in(made) == stamp_at(at)
    assert first_id_of(stamp_at(at)) <= made <= last_id_of(stamp_at(at))
    assert moment_of(stamp_at(at)) == (at, True)
    assert stamp_at(at + timedelta(microseconds=1)) > stamp_at(at)


@given(moments, st.integers(0, 9))
def test_a_stamp_between_two_microseconds_is_after_the_first(at: datetime, further: int) -> None:
    stamp = stamp_at(at) + further
    found, is_exact = moment_of(stamp)

    assert (stamp_at(found) == stamp) is is_exact
    assert stamp_at(found) <= stamp < stamp_at(found + timedelta(microseconds=1))
    assert stamp_in(first_id_of(stamp)) == stamp == stamp_in(last_id_of(stamp))
