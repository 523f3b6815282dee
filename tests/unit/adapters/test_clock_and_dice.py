"""The system's clock and chance keep to their ports."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from kessai.adapters.clock import SystemClock
from kessai.adapters.dice import SeededDice, SystemDice
from kessai.services.ports import Clock, Dice


def test_the_clock_says_an_aware_moment_in_utc() -> None:
    clock: Clock = SystemClock()

    first, second = clock.now(), clock.now()

    assert first.tzinfo is UTC
    assert timedelta(0) <= second - first < timedelta(seconds=5)


async def test_monotonic_time_passes_while_one_sleeps() -> None:
    clock = SystemClock()
    before = clock.monotonic()

    await clock.sleep(0.01)
    await clock.sleep(-1)  # something already due does not wait, and does not fail

    assert clock.monotonic() - before >= 0.01


@pytest.mark.parametrize("dice", [SystemDice(), SeededDice("x")], ids=["system", "seeded"])
def test_dice_stay_within_what_was_asked(dice: Dice) -> None:
    numbers = [dice.uniform(0.9, 1.1) for _ in range(1000)]

    assert all(0.9 <= number <= 1.1 for number in numbers)
    assert max(numbers) - min(numbers) > 0.1
    assert [len(dice.key_material(length)) for length in (0, 1, 32)] == [0, 1, 32]
    assert len({dice.key_material(8) for _ in range(100)}) == 100


def test_the_same_seed_throws_the_same_in_the_same_order() -> None:
    def thrown(dice: Dice) -> list[object]:
        return [dice.uniform(0, 1), dice.key_material(16), dice.uniform(0, 1)]

    assert thrown(SeededDice(7)) == thrown(SeededDice(7)) != thrown(SeededDice(8))
