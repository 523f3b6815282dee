"""Who is let in, and for how long that is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kessai.domain.errors import (
    AuthenticationFailedError,
    KessaiError,
    LiveKeyRefusedError,
    MerchantInactiveError,
    UnknownKeyError,
)
from kessai.domain.merchant import ApiKey
from kessai.services.doorkeeper import REMEMBERED_S, Doorkeeper, KeyDigests
from kessai.services.secrets import WELL_KNOWN_KEY
from tests.support.manual_clock import START, ManualClock
from tests.unit.http.people import KEY, MERCHANT
from tests.unit.services.doubles import FakeDatabase, Row, row_of

DIGESTS = KeyDigests("a key of these tests")
SECOND = timedelta(seconds=1)


class Door:
    """A doorkeeper, its clock, and the one key that there is."""

    def __init__(self, secret_key: str = "sk_test_right", **facts: Any) -> None:
        facts = {"digested_under": DIGESTS.mark, **facts}
        self.key: ApiKey = replace(KEY, digest=DIGESTS.digest(secret_key), **facts)
        self.merchant = MERCHANT
        self.clock = ManualClock()
        self.database = FakeDatabase(self._found)
        self.keeper = Doorkeeper(self.database, DIGESTS, self.clock)

    def _found(self, params: dict[str, Any]) -> Sequence[Row]:
        known = {self.key.digest, self.key.previous_digest}
        return [row_of(self.key, self.merchant)] if params["digest"] in known else []

    async def refuses(self, secret_key: str | None, **facts: Any) -> KessaiError:
        with pytest.raises(KessaiError) as refused:
            await self.keeper.admit(secret_key, self.clock.now(), **facts)
        return refused.value

    async def admits(self, secret_key: str = "sk_test_right", **facts: Any) -> None:
        assert await self.keeper.admit(secret_key, self.clock.now(), **facts) == (self.key, self.merchant)


async def test_the_right_key_is_admitted() -> None:
    await Door().admits()


@pytest.mark.parametrize(
    ("secret_key", "kind"),
    [
        (None, AuthenticationFailedError),
        ("", AuthenticationFailedError),
        ("sk_test_wrong", UnknownKeyError),
        ("sk_test_righ", UnknownKeyError),
        ("SK_TEST_RIGHT", UnknownKeyError),
        ("pk_test_right", AuthenticationFailedError),
        ("x" * 201, AuthenticationFailedError),
        ("\udcff", UnknownKeyError),
        ("sk_live_x", LiveKeyRefusedError),
        ("pk_live_x", LiveKeyRefusedError),
        ("rk_live_x", LiveKeyRefusedError),
        ("rzp_live_x", LiveKeyRefusedError),
    ],
)
async def test_others_are_not(secret_key: str | None, kind: type[KessaiError]) -> None:
    refused = await Door().refuses(secret_key)
    assert type(refused) is kind
    assert refused.hint


async def test_unknown_revoked_and_expired_are_told_apart_by_nobody() -> None:
    unknown = await Door().refuses("sk_test_wrong")
    revoked = await Door(revoked_at=START).refuses("sk_test_right")
    expired = await Door(expires_at=START).refuses("sk_test_right")
    assert unknown.message == revoked.message == expired.message
    assert unknown.hint == revoked.hint == expired.hint


async def test_a_merchant_that_is_not_active_is_refused_with_the_right_key_only() -> None:
    door = Door()
    door.merchant = replace(MERCHANT, is_active=False)
    assert isinstance(await door.refuses("sk_test_right"), MerchantInactiveError)
    assert isinstance(await door.refuses("sk_test_wrong"), AuthenticationFailedError)


async def test_a_public_key_is_enough_where_it_says_so() -> None:
    door = Door()
    public_key = door.key.public_key
    found = door.database.answer
    door.database.answer = lambda params: (
        [row_of(door.key, door.merchant)] if params.get("public_key") == public_key else found(params)
    )

    await door.admits(public_key, takes_public=True)
    await door.admits(public_key, takes_public=True)
    assert len(door.database.reads) == 1

    # nowhere else, though it is remembered
    refused = await door.refuses(public_key)
    assert type(refused) is AuthenticationFailedError
    door.keeper.forget()
    door.key = replace(door.key, revoked_at=START)
    assert type(await door.refuses(public_key, takes_public=True)) is UnknownKeyError


async def test_a_public_key_that_is_nobodys_opens_nothing() -> None:
    door = Door()
    door.database.answer = lambda _params: []
    assert type(await door.refuses("pk_test_nobody", takes_public=True)) is UnknownKeyError


async def test_a_public_key_that_was_read_before_a_change_is_not_remembered_after_it() -> None:
    door = Door()

    def changed_meanwhile(_params: dict[str, Any]) -> Sequence[Row]:
        door.keeper.forget()
        return [row_of(door.key, door.merchant)]

    door.database.answer = changed_meanwhile
    await door.admits(door.key.public_key, takes_public=True)
    await door.admits(door.key.public_key, takes_public=True)
    assert len(door.database.reads) == 2


async def test_the_well_known_key_is_for_this_machine_only() -> None:
    door = Door(WELL_KNOWN_KEY)
    await door.admits(WELL_KNOWN_KEY, is_local=True)
    refused = await door.refuses(WELL_KNOWN_KEY, is_local=False)
    assert "loopback" in refused.message
    await Door().admits(is_local=False)


async def test_who_was_admitted_is_remembered_for_less_than_a_second() -> None:
    assert REMEMBERED_S < 1
    door = Door()
    for _ in range(5):
        await door.admits()
    assert len(door.database.reads) == 1
    door.clock.advance(timedelta(seconds=REMEMBERED_S))
    await door.admits()
    assert len(door.database.reads) == 2


async def test_a_key_that_was_revoked_elsewhere_is_refused_within_a_second() -> None:
    door = Door()
    await door.admits()
    door.key = replace(door.key, revoked_at=START)
    door.clock.advance(SECOND)
    await door.refuses("sk_test_right")


async def test_a_key_that_was_removed_is_forgotten() -> None:
    door = Door()
    await door.admits()
    door.key = replace(door.key, digest="another")
    door.clock.advance(SECOND)
    for _ in range(2):
        await door.refuses("sk_test_right")
    assert len(door.database.reads) == 2


async def test_who_was_refused_costs_nothing_more_for_less_than_a_second() -> None:
    # given somebody who tries a key that does not exist yet, again and again
    door = Door()
    for _ in range(5):
        await door.refuses("sk_test_new")
    assert len(door.database.reads) == 1

    # when another process issues it, then it opens within a second
    door.key = replace(door.key, digest=DIGESTS.digest("sk_test_new"))
    door.clock.advance(timedelta(seconds=REMEMBERED_S))
    await door.admits("sk_test_new")


async def test_a_key_that_is_issued_here_opens_at_once() -> None:
    door = Door()
    await door.refuses("sk_test_new")
    door.key = replace(door.key, digest=DIGESTS.digest("sk_test_new"))
    door.keeper.forget()
    await door.admits("sk_test_new")


async def test_of_those_who_were_refused_a_bounded_number_is_remembered() -> None:
    door = Door()
    for number in range(1_001):
        await door.refuses(f"sk_test_{number}")

    await door.refuses("sk_test_1000")
    assert len(door.database.reads) == 1_001
    await door.refuses("sk_test_0")
    assert len(door.database.reads) == 1_002


async def test_what_changes_here_is_seen_at_once() -> None:
    door = Door()
    await door.admits()
    door.key = replace(door.key, revoked_at=START)
    door.keeper.forget()
    await door.refuses("sk_test_right")


async def test_what_was_read_before_a_change_here_is_not_remembered_after_it() -> None:
    door = Door()
    found = door.database.answer

    def revoked_meanwhile(params: dict[str, Any]) -> Sequence[Row]:
        rows = found(params)
        door.key = replace(door.key, revoked_at=START)
        door.keeper.forget()
        return rows

    door.database.answer = revoked_meanwhile
    await door.keeper.admit("sk_test_right", START)
    door.database.answer = found
    await door.refuses("sk_test_right")


async def test_who_was_refused_before_a_key_was_issued_here_is_let_in_after_it() -> None:
    door = Door()
    found = door.database.answer

    def issued_meanwhile(params: dict[str, Any]) -> Sequence[Row]:
        rows = found(params)
        door.key = replace(door.key, digest=DIGESTS.digest("sk_test_new"))
        door.keeper.forget()
        return rows

    door.database.answer = issued_meanwhile
    await door.refuses("sk_test_new")
    door.database.answer = found
    await door.admits("sk_test_new")


async def test_a_key_that_is_remembered_still_expires_on_time() -> None:
    door = Door(expires_at=START + timedelta(seconds=0.5))
    await door.admits()
    door.clock.advance(timedelta(seconds=0.5))
    await door.refuses("sk_test_right")
    assert len(door.database.reads) == 1


async def test_the_old_secret_works_during_its_grace() -> None:
    old = DIGESTS.digest("sk_test_old")
    door = Door(previous_digest=old, previous_expires_at=START + SECOND)
    await door.admits("sk_test_old")
    await door.admits()
    door.clock.advance(SECOND)
    await door.refuses("sk_test_old")
    await door.admits()


async def test_memory_is_bounded() -> None:
    door = Door()
    # every digest leads to a key, as with very many of them
    door.database.answer = lambda params: [row_of(replace(KEY, digest=params["digest"]), MERCHANT)]
    for number in range(10_001):
        await door.keeper.admit(f"sk_test_{number}", START)
    reads = len(door.database.reads)
    await door.keeper.admit("sk_test_10000", START)
    assert len(door.database.reads) == reads
    await door.keeper.admit("sk_test_0", START)
    assert len(door.database.reads) == reads + 1


async def test_uses_are_written_down_together_and_once() -> None:
    door = Door()
    await door.keeper.note_uses()
    assert door.database.units == 0
    await door.admits()
    await door.admits()
    await door.keeper.note_uses()
    await door.keeper.note_uses()
    assert door.database.units == 1


def test_digests_depend_on_key_and_secret() -> None:
    digest = DIGESTS.digest("sk_test_a")
    assert digest == KeyDigests("a key of these tests").digest("sk_test_a")
    others = {KeyDigests("another key").digest("sk_test_a"), DIGESTS.digest("sk_test_b")}
    assert digest not in others
    assert len(digest) == 64
    assert digest == digest.lower()


# Keys that are kept under an earlier API_SECRET_KEY

ROTATED = KeyDigests("a new key of these tests", "a key of these tests", "one before it")


async def test_a_key_kept_under_an_earlier_one_still_opens() -> None:
    door = Door()
    door.keeper = Doorkeeper(door.database, ROTATED, door.clock)

    await door.admits()
    await door.admits()

    # looked for under the present one, then under the earlier; then remembered
    assert [each["digest"] for each in door.database.reads] == [
        ROTATED.digest("sk_test_right"),
        DIGESTS.digest("sk_test_right"),
    ]
    assert (await door.refuses("sk_test_wrong")).code == "AUTHENTICATION_FAILED"
    assert len(door.database.reads) == 5


async def test_a_key_that_was_used_is_moved_once() -> None:
    door = Door()
    door.keeper = Doorkeeper(door.database, ROTATED, door.clock)
    await door.admits()
    await door.admits()

    await door.keeper.note_uses()
    await door.keeper.note_uses()

    # when it was used, and its digest
    assert door.database.units == 2


async def test_a_key_that_an_older_version_kept_gets_its_mark() -> None:
    door = Door(digested_under=None)
    await door.admits()
    await door.keeper.note_uses()
    assert door.database.units == 2


async def test_a_key_that_does_not_open_is_not_moved() -> None:
    door = Door(revoked_at=START)
    door.keeper = Doorkeeper(door.database, ROTATED, door.clock)
    await door.refuses("sk_test_right")
    await door.keeper.note_uses()
    assert door.database.units == 0


async def test_the_secret_before_a_rotation_has_a_mark_of_its_own() -> None:
    old = DIGESTS.digest("sk_test_old")
    door = Door(
        previous_digest=old,
        previous_expires_at=START + SECOND,
        digested_under=DIGESTS.mark,
        previous_digested_under=DIGESTS.mark,
    )
    await door.admits("sk_test_old")
    await door.keeper.note_uses()
    assert door.database.units == 1


def test_a_mark_tells_one_key_from_another_and_nothing_more() -> None:
    assert ROTATED.mark != DIGESTS.mark == KeyDigests("a key of these tests", "another").mark
    assert len(DIGESTS.mark) == 16
    assert DIGESTS.mark not in DIGESTS.digest("")
