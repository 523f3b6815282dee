"""Sealing and opening, and what is refused."""

from __future__ import annotations

import pytest

from kessai.adapters.secret_box import FernetBox
from kessai.services.ports import SealBrokenError, SecretBox

SECRET = "a secret of the operator's own choosing"
OTHER = "another one"


def test_what_was_sealed_opens_in_another_process_with_the_same_secret() -> None:
    box: SecretBox = FernetBox([SECRET])

    sealed = box.seal("whsec_決済".encode())

    assert FernetBox([SECRET]).open(sealed) == "whsec_決済".encode()


def test_a_seal_is_printable_and_shows_nothing() -> None:
    sealed = FernetBox([SECRET]).seal(b"whsec_hidden")

    assert sealed.decode("ascii").isprintable()
    assert b"hidden" not in sealed


def test_the_same_text_is_sealed_differently_each_time() -> None:
    box = FernetBox([SECRET])

    assert box.seal(b"same") != box.seal(b"same")


def test_opening_twice_gives_the_same() -> None:
    box = FernetBox([SECRET])
    sealed = box.seal(b"again")

    assert [box.open(sealed), box.open(sealed)] == [b"again", b"again"]


def test_a_new_secret_in_front_keeps_old_seals_readable() -> None:
    sealed_before = FernetBox([SECRET]).seal(b"old")
    rotated = FernetBox([OTHER, SECRET])

    # the old secret still opens, the new one seals
    assert rotated.open(sealed_before) == b"old"
    assert FernetBox([OTHER]).open(rotated.seal(b"new")) == b"new"


def test_what_is_sealed_under_an_older_secret_is_sealed_anew_under_the_first() -> None:
    sealed_before = FernetBox([SECRET]).seal(b"old")
    rotated = FernetBox([OTHER, SECRET])

    anew = rotated.reseal(sealed_before)

    assert anew is not None
    assert FernetBox([OTHER]).open(anew) == b"old"
    # and then there is nothing left to do
    assert rotated.reseal(anew) is None


@pytest.mark.parametrize(
    "sealed", [FernetBox(["a third"]).seal(b"theirs"), b"", b"x\xff"], ids=["another's", "empty", "garbage"]
)
def test_what_cannot_be_opened_is_not_sealed_anew(sealed: bytes) -> None:
    with pytest.raises(SealBrokenError):
        FernetBox([OTHER, SECRET]).reseal(sealed)


@pytest.mark.parametrize(
    "damage", [lambda s: s[:-2], lambda s: s[:40] + b"AAAA" + s[44:], lambda s: b"", lambda s: b"x\xff"]
)
def test_an_altered_seal_is_refused(damage) -> None:  # type: ignore[no-untyped-def]
    box = FernetBox([SECRET])

    with pytest.raises(SealBrokenError, match="API_SECRET_KEY"):
        box.open(damage(box.seal(b"whole")))


def test_a_seal_of_another_secret_is_refused_every_time() -> None:
    sealed = FernetBox([OTHER]).seal(b"theirs")
    box = FernetBox([SECRET])

    for _ in range(2):
        with pytest.raises(SealBrokenError):
            box.open(sealed)


@pytest.mark.parametrize("secrets", [[], [""], [SECRET, ""]])
def test_a_box_without_a_secret_is_not_made(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        FernetBox(secrets)
