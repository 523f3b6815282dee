"""What keys look like."""

from __future__ import annotations

import pytest

from kessai.adapters.dice import SeededDice, SystemDice
from kessai.services.secrets import new_public_key, new_secret_key


class LoadedDice(SeededDice):
    """Always the same bytes."""

    def __init__(self, byte: int) -> None:
        super().__init__(0)
        self._byte = byte

    def key_material(self, length: int) -> bytes:
        return bytes([self._byte]) * length


def test_a_key_says_of_what_kind_it_is() -> None:
    assert new_secret_key(SystemDice()).startswith("sk_test_")
    assert new_public_key(SystemDice()).startswith("pk_test_")


@pytest.mark.parametrize("byte", [0, 1, 255])
def test_keys_are_of_one_length_whatever_is_rolled(byte: int) -> None:
    for key in (new_secret_key(LoadedDice(byte)), new_public_key(LoadedDice(byte))):
        assert len(key) == len("sk_test_") + 33
        assert key.isascii()
        assert key.rpartition("_")[2].isalnum()


def test_keys_differ() -> None:
    dice = SystemDice()
    assert len({new_secret_key(dice) for _ in range(100)}) == 100
    seeded = SeededDice(7)
    assert new_secret_key(seeded) != new_secret_key(seeded)
    assert new_secret_key(SeededDice(7)) == new_secret_key(SeededDice(7))
