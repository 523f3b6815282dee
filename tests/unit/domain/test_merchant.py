"""Which key opens the door, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from kessai.domain.merchant import ApiKey
from tests.support.ledger import START, Ledger

HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)


def key(**facts: object) -> ApiKey:
    return Ledger().new_key(digest="present", **facts)


def test_a_key_opens_with_its_own_digest_only() -> None:
    assert key().opens_with("present", START)
    assert not key().opens_with("another", START)


def test_a_key_works_until_it_expires() -> None:
    expiring = key(expires_at=START + HOUR)

    assert expiring.works_at(START + HOUR - MOMENT)
    assert not expiring.works_at(START + HOUR)
    assert not expiring.opens_with("present", START + HOUR)


def test_a_revoked_key_opens_nothing_even_before() -> None:
    revoked = key(revoked_at=START, previous_digest="old", previous_expires_at=START + HOUR)

    for digest in ("present", "old"):
        assert not revoked.opens_with(digest, START - HOUR)
        assert not revoked.opens_with(digest, START)


def test_the_secret_before_opens_during_its_grace() -> None:
    rotated = key(previous_digest="old", previous_expires_at=START + HOUR)

    assert rotated.opens_with("old", START + HOUR - MOMENT)
    assert not rotated.opens_with("old", START + HOUR)
    assert rotated.opens_with("present", START + HOUR)


def test_without_grace_only_the_new_secret_opens() -> None:
    rotated = replace(key(previous_digest="old"), previous_expires_at=None)

    assert not rotated.opens_with("old", START)


def test_nothing_opens_a_key_that_never_had_another() -> None:
    assert key().previous_digest is None
    assert not key(previous_expires_at=START + HOUR).opens_with("", START)
