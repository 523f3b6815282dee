"""UUIDv7 in canonical form that only ever go up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from kessai.adapters.dice import SeededDice, SystemDice
from kessai.adapters.ids import UuidFactory
from kessai.services.ports import IdFactory

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AT = datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC)

moments = st.timedeltas(timedelta(0), timedelta(days=2_900_000)).map(lambda since: EPOCH + since)


def test_an_id_is_a_canonical_uuid_of_version_7() -> None:
    factory: IdFactory = UuidFactory(SystemDice())

    text = factory.new_id(AT)

    assert str(UUID(text)) == text
    assert (UUID(text).version, UUID(text).variant) == (7, RFC_4122)


def test_the_time_is_in_the_leading_bits() -> None:
    whole = UUID(UuidFactory(SystemDice()).new_id(AT)).int

    assert whole >> 80 == 1_767_323_045_678
    assert whole >> 64 & 0xFFF == 999 * 4096 // 1000


@given(at=moments)
def test_any_moment_gives_its_own_millisecond(at: datetime) -> None:
    milliseconds = (at - EPOCH) // timedelta(milliseconds=1)

    assert UUID(UuidFactory(SeededDice(1)).new_id(at)).int >> 80 == milliseconds


@given(times=st.lists(moments, min_size=2, max_size=50))
def test_ids_go_up_whatever_the_clock_does(times: list[datetime]) -> None:
    factory = UuidFactory(SystemDice())

    made = [factory.new_id(at) for at in times]

    assert made == sorted(set(made))


def test_many_ids_of_one_moment_go_up_and_run_ahead_by_little() -> None:
    factory = UuidFactory(SystemDice())

    made = [factory.new_id(AT) for _ in range(10_000)]

    assert made == sorted(set(made))
    assert (UUID(made[-1]).int >> 80) - (UUID(made[0]).int >> 80) == 3


def test_two_processes_at_one_moment_make_different_ids() -> None:
    assert UuidFactory(SystemDice()).new_id(AT) != UuidFactory(SystemDice()).new_id(AT)


def test_the_same_seed_and_moments_make_the_same_ids() -> None:
    def made() -> list[str]:
        factory = UuidFactory(SeededDice(42))
        return [factory.new_id(AT) for _ in range(3)]

    assert made() == made()
