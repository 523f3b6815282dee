"""API_SECRET_KEY changes: what it protects stays usable, and moves, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from kessai.adapters.secret_box import FernetBox
from kessai.domain.change import Change
from kessai.services.doorkeeper import KeyDigests
from kessai.services.resealing import Resealed, Resealing
from kessai.storage.journal import STALE, CommitResult, Database
from kessai.storage.query import Query
from kessai.storage.record_rows import record_values
from kessai.storage.repositories.merchants import MerchantRepository, MovedDigest
from kessai.storage.repositories.seals import BATCH
from kessai.storage.tables import api_keys, webhook_endpoints
from tests.support.gateway import Gateway, opened_gateway
from tests.support.ledger import DAY, Ledger, write
from tests.support.manual_clock import START, ManualClock

OLD = "the-key-that-was-there-before-the-rotation"
NEW = "the-key-that-is-there-after-the-rotation"
THIRD = "a-key-that-has-nothing-to-do-with-either"
AFTER: dict[str, Any] = {"api_secret_key": NEW, "api_secret_key_previous": OLD}
SECRETS = ("the-newer-webhook-secret", "the-older-webhook-secret")
MADE: dict[str, Any] = {"json": {"url": "http://receiver.test/"}, "headers": {"Idempotency-Key": "make one"}}


class KilledError(Exception):
    """Stands for the end of the process."""


class Meddled(Database):
    """A database where something happens just before a batch is written: `before` is told which it is."""

    def __init__(self, database: Database, before: Callable[[int], Awaitable[None]]) -> None:
        self._database = database
        self._before = before
        self._batches = 0

    async def rows(self, query: Query, **params: object) -> Sequence[tuple[Any, ...]]:
        return await self._database.rows(query, **params)

    async def commit(self, change: Change) -> CommitResult:
        return await self._database.commit(change)

    async def run(self, unit: Callable[[Connection], Any]) -> Any:
        self._batches += 1
        await self._before(self._batches)
        return await self._database.run(unit)

    async def close(self) -> None:
        return


def resealing(database: Database, *secrets: str) -> Resealing:
    known = secrets or (NEW, OLD)
    return Resealing(database, FernetBox(known), KeyDigests(*known), ManualClock(START))


async def furnish(gateway: Gateway) -> str:
    """An endpoint with two secrets in force, and an answer that shows one; returns the endpoint's id."""
    made = await gateway.client.post(
        "/webhooks/endpoints", json={"url": "http://receiver.test/", "secret": SECRETS[1]}
    )
    endpoint_id = str(made.json()["id"])
    path = f"/webhooks/endpoints/{endpoint_id}/rotate-secret"
    await gateway.client.post(path, json={"secret": SECRETS[0], "grace_period_s": 3600})
    assert (await gateway.client.post("/webhooks/endpoints", **MADE)).status_code == 201
    return endpoint_id


async def is_whole(gateway: Gateway, endpoint_id: str) -> bool:
    """Whether the key opens the door, the secrets are readable and the answer can be repeated."""
    shown = (await gateway.client.get(f"/webhooks/endpoints/{endpoint_id}/secret")).json()
    again = await gateway.client.post("/webhooks/endpoints", **MADE)
    return (shown.get("secret"), shown.get("previous_secret")) == SECRETS and (
        again.headers.get("idempotent-replayed") == "true"
    )


async def test_everything_moves_and_then_the_old_key_can_go(database_url: str) -> None:
    async with opened_gateway(database_url, api_secret_key=OLD) as gateway:
        endpoint_id = await furnish(gateway)

    async with opened_gateway(database_url, **AFTER) as gateway:
        (public_key,) = await keys_of(gateway)
        before = await gateway.joined.resealing.run()
        assert (before.endpoints, before.answers) == (2, 1)
        assert (before.unread_endpoints, before.unread_answers, before.moved) == ((), (), 0)
        assert before.api_keys == (public_key,)
        # the key was used, and that is written down now and then
        await gateway.joined.pruning.run()
        assert await gateway.joined.resealing.run() == Resealed(0, 0, (), (), (), 0)

    async with opened_gateway(database_url, api_secret_key=NEW) as gateway:
        assert await is_whole(gateway, endpoint_id)
        assert await gateway.joined.resealing.run() == Resealed(0, 0, (), (), (), 0)


async def keys_of(gateway: Gateway) -> list[str]:
    """The public keys of the first merchant."""
    data = (await gateway.client.get("/merchants/me/api-keys")).json()["data"]
    return [each["public_key"] for each in data]


async def test_with_both_keys_everything_works_before_anything_has_moved(database_url: str) -> None:
    async with opened_gateway(database_url, api_secret_key=OLD) as gateway:
        endpoint_id = await furnish(gateway)

    async with opened_gateway(database_url, **AFTER) as gateway:
        assert await is_whole(gateway, endpoint_id)
    # and one that has yet to change, but knows the new one already
    async with opened_gateway(database_url, api_secret_key=OLD, api_secret_key_previous=NEW) as gateway:
        assert await is_whole(gateway, endpoint_id)


async def test_what_no_key_opens_is_listed_and_left_alone(database_url: str) -> None:
    async with opened_gateway(database_url, api_secret_key=OLD) as gateway:
        endpoint_id = await furnish(gateway)
        (merchant_id,) = {each.id for each in await gateway.joined.services.merchants.all(10)}

        lost = await resealing(gateway.joined.database, NEW, THIRD).run()

        assert (lost.endpoints, lost.answers) == (0, 0)
        assert endpoint_id in lost.unread_endpoints
        assert len(lost.unread_endpoints) == 2
        assert lost.unread_answers == ((merchant_id, "make one"),)
        assert await is_whole(gateway, endpoint_id)


async def test_secrets_that_sign_no_more_are_no_loss(database_url: str) -> None:
    async with opened_gateway(database_url, api_secret_key=OLD) as gateway:
        endpoint_id = await furnish(gateway)
        database = gateway.joined.database
        deleted = [each["id"] for each in await endpoints_of(gateway) if each["id"] != endpoint_id]
        await gateway.client.delete(f"/webhooks/endpoints/{deleted[0]}")
        theirs = FernetBox([THIRD]).seal(b"from before that").decode()
        forgotten = update(webhook_endpoints).values(previous_sealed_secret=theirs)
        await database.run(lambda connection: connection.execute(forgotten).rowcount)

        in_grace = await resealing(database).run()
        over = update(webhook_endpoints).values(previous_expires_at=START)
        await database.run(lambda connection: connection.execute(over).rowcount)
        after = await resealing(database).run()

        # the present secret moved all the same, the deleted endpoint's did not
        assert (in_grace.endpoints, in_grace.unread_endpoints) == (1, (endpoint_id,))
        assert (after.endpoints, after.unread_endpoints) == (0, ())


async def endpoints_of(gateway: Gateway) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = (await gateway.client.get("/webhooks/endpoints")).json()["data"]
    return data


async def test_a_row_that_moves_meanwhile_is_read_again(database_url: str) -> None:
    async with opened_gateway(database_url, api_secret_key=OLD) as gateway:
        endpoint_id = await furnish(gateway)

        async def rotate(batch: int) -> None:
            if batch == 1:
                path = f"/webhooks/endpoints/{endpoint_id}/rotate-secret"
                await gateway.client.post(path, json={"secret": "set-by-its-owner-meanwhile"})

        resealed = await resealing(Meddled(gateway.joined.database, rotate)).run()

        assert (resealed.endpoints, resealed.answers, resealed.moved) == (2, 1, 0)

    async with opened_gateway(database_url, **AFTER) as gateway:
        shown = (await gateway.client.get(f"/webhooks/endpoints/{endpoint_id}/secret")).json()
        assert shown["secret"] == "set-by-its-owner-meanwhile"


async def test_rows_that_are_never_still_are_told_of(database_url: str) -> None:
    async with opened_gateway(database_url, api_secret_key=OLD) as gateway:
        made = await gateway.client.post("/webhooks/endpoints", json={"url": "http://receiver.test/"})
        path = f"/webhooks/endpoints/{made.json()['id']}"

        async def change(batch: int) -> None:
            await gateway.client.patch(path, json={"description": f"changed {batch} times"})

        resealed = await resealing(Meddled(gateway.joined.database, change)).run()

        assert (resealed.endpoints, resealed.moved) == (0, 1)
        assert (await gateway.client.get(path)).json()["description"] == "changed 10 times"


@asynccontextmanager
async def crowded(url: str) -> AsyncIterator[tuple[Database, dict[str, str]]]:
    """A database with endpoints for two batches and a half; by id, their secrets."""
    async with opened_gateway(url, api_secret_key=OLD) as gateway:
        ledger = Ledger(5)
        database, box = gateway.joined.database, FernetBox([OLD])
        await write(database, Change(records=(ledger.merchant,)))
        secrets = {ledger.new_id(): f"secret number {number}" for number in range(2 * BATCH + BATCH // 2)}
        rows = [
            record_values(ledger.new_endpoint(id=each, sealed_secret=box.seal(secret.encode()).decode()))
            for each, secret in secrets.items()
        ]
        await database.run(lambda connection: connection.execute(insert(webhook_endpoints), rows).rowcount)
        yield database, secrets


async def opened_secrets(database: Database, *keys: str) -> dict[str, str]:
    """Every endpoint's secret, by id."""
    columns = select(webhook_endpoints.c.id, webhook_endpoints.c.sealed_secret)
    box = FernetBox(keys)
    rows = await database.run(lambda connection: connection.execute(columns).all())
    return {row[0]: box.open(row[1].encode()).decode() for row in rows}


async def test_being_killed_between_batches_does_no_harm(database_url: str) -> None:
    async with crowded(database_url) as (database, secrets):

        async def kill(batch: int) -> None:
            if batch == 2:
                raise KilledError

        with pytest.raises(KilledError):
            await resealing(Meddled(database, kill)).run()

        # some are under one, some under the other, and servers that have both read all
        assert await opened_secrets(database, NEW, OLD) == secrets
        rest = await resealing(database).run()
        assert rest.endpoints == len(secrets) - BATCH
        assert await opened_secrets(database, NEW) == secrets


async def test_more_than_one_batch_of_answers_is_sealed_anew(database_url: str) -> None:
    async with opened_gateway(database_url, api_secret_key=OLD) as gateway:
        for number in range(BATCH + 1):
            key = {"Idempotency-Key": f"key {number}"}
            body = {"body": "", "headers": {}, "secret": "topsecret"}
            assert (await gateway.client.post("/webhooks/verify", json=body, headers=key)).status_code == 200

        assert (await resealing(gateway.joined.database).run()).answers == BATCH + 1


async def test_answers_that_nobody_is_given_again_are_left_alone(database_url: str) -> None:
    async with opened_gateway(database_url, api_secret_key=OLD) as gateway:
        await furnish(gateway)
        known = (NEW, OLD)
        later = ManualClock(START + timedelta(hours=24))
        database = gateway.joined.database

        resealed = await Resealing(database, FernetBox(known), KeyDigests(*known), later).run()

        assert (resealed.answers, resealed.unread_answers) == (0, ())


# Digests of API keys


def key_of(ledger: Ledger, **facts: Any) -> Any:
    return ledger.new_key(merchant_id=ledger.merchant.id, **facts)


async def test_only_keys_that_still_open_something_remain(database: Database, ledger: Ledger) -> None:
    mark = KeyDigests(NEW).mark
    keys = {
        "moved": key_of(ledger, digested_under=mark),
        "of an older version": key_of(ledger),
        "under another": key_of(ledger, digested_under="another"),
        "revoked": key_of(ledger, revoked_at=START),
        "expired": key_of(ledger, expires_at=START - DAY),
        "secret before": key_of(
            ledger, digested_under=mark, previous_digest="0" * 64, previous_expires_at=START + DAY
        ),
        "secret before that is over": key_of(
            ledger, digested_under=mark, previous_digest="1" * 64, previous_expires_at=START - DAY
        ),
    }
    await write(database, Change(records=tuple(keys.values())))

    found = await MerchantRepository(database).unmoved(mark, at=START, limit=10)

    named = {key.public_key: name for name, key in keys.items()}
    assert [named[each] for each in found] == ["of an older version", "under another", "secret before"]


async def key_in(database: Database, key_id: str) -> tuple[Any, ...]:
    """Digest, mark, those before, and version of a key."""
    columns = (
        *(api_keys.c.digest, api_keys.c.digested_under),
        *(api_keys.c.previous_digest, api_keys.c.previous_digested_under, api_keys.c.version),
    )
    wanted = select(*columns).where(api_keys.c.id == key_id)
    return await database.run(lambda connection: tuple(connection.execute(wanted).one()))


async def test_both_digests_of_a_key_are_moved(database: Database, ledger: Ledger) -> None:
    key = key_of(ledger, digest="a", previous_digest="b", previous_expires_at=START + DAY)
    await write(database, Change(records=(key,)))
    merchants = MerchantRepository(database)

    for _ in range(2):
        await merchants.move_digests(
            [MovedDigest(key.id, "a", "c", "mark"), MovedDigest(key.id, "b", "d", "mark")]
        )

    assert await key_in(database, key.id) == ("c", "mark", "d", "mark", 3)


async def test_a_key_that_only_lacks_its_mark_gets_it_once(database: Database, ledger: Ledger) -> None:
    key = key_of(ledger, digest="a")
    await write(database, Change(records=(key,)))

    for _ in range(2):
        await MerchantRepository(database).move_digests([MovedDigest(key.id, "a", "a", "mark")])

    assert await key_in(database, key.id) == ("a", "mark", None, None, 2)


async def test_a_digest_that_moved_or_is_anothers_is_left_alone(database: Database, ledger: Ledger) -> None:
    key, other = key_of(ledger, digest="a"), key_of(ledger, digest="b")
    await write(database, Change(records=(key, other)))

    await MerchantRepository(database).move_digests(
        [MovedDigest(key.id, "gone", "c", "mark"), MovedDigest(key.id, "a", "b", "mark")]
    )

    assert await key_in(database, key.id) == ("a", None, None, None, 1)


async def test_who_read_a_key_before_it_moved_does_not_undo_it(database: Database, ledger: Ledger) -> None:
    key = key_of(ledger, digest="a")
    await write(database, Change(records=(key,)))
    await MerchantRepository(database).move_digests([MovedDigest(key.id, "a", "b", "mark")])

    renamed = replace(key, name="renamed", version=2)

    assert await database.commit(Change(records=(renamed,))) == STALE
