"""Endpoints as their owners change them, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from kessai.domain.change import Change
from kessai.domain.endpoint import ENDPOINTS_MAX, SWITCHED_OFF
from kessai.domain.errors import ConflictError, InvalidFieldError, NotFoundError
from kessai.domain.merchant import GRACE_MAX
from kessai.storage.journal import STALE
from tests.support.webhooks import URL, Office, open_office


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with open_office(database_url) as opened:
        yield opened


async def test_an_endpoint_is_as_it_was_asked_for(office: Office) -> None:
    made = await office.endpoint(events=["payment.failed", "payment.created"], description="the shop")

    kept = await office.endpoints.get(office.merchant.id, made.id)

    assert kept == made
    assert (kept.events, kept.description) == (("payment.failed", "payment.created"), "the shop")


async def test_a_made_secret_is_shown_again_and_never_lies_open(office: Office) -> None:
    endpoint, secret, change = await office.endpoints.create(
        office.merchant.id, {"url": URL}, dialect="native", at=office.clock.now()
    )
    await office.commit(change)

    _, secrets = await office.endpoints.secrets(office.merchant.id, endpoint.id, at=office.clock.now())

    assert secrets == (secret,)
    assert secret.startswith("whsec_")
    assert secret not in endpoint.sealed_secret


async def test_a_secret_sealed_under_another_key_is_refused_with_advice(office: Office) -> None:
    endpoint = await office.endpoint()
    rekeyed = Office(office.database, office.merchant, office.clock, api_secret_key="another key", seed=5)

    with pytest.raises(ConflictError, match="API_SECRET_KEY"):
        await rekeyed.endpoints.secrets(office.merchant.id, endpoint.id, at=office.clock.now())


async def test_only_what_is_named_changes(office: Office) -> None:
    endpoint = await office.endpoint(events=["payment.failed"], description="the shop")
    office.clock.advance(timedelta(seconds=1))

    changed, change = await office.endpoints.update(
        office.merchant.id,
        endpoint.id,
        {"url": "http://moved.test/", "description": None},
        at=office.clock.now(),
    )
    await office.commit(change)

    kept = await office.endpoints.get(office.merchant.id, endpoint.id)
    assert kept == changed
    assert kept == replace(
        endpoint, url="http://moved.test/", description=None, updated_at=office.clock.now(), version=2
    )


async def test_made_switched_off_it_says_who_did_it(office: Office) -> None:
    assert (await office.endpoint(enabled=False)).disabled_reason == SWITCHED_OFF


async def test_two_changes_at_once_cannot_both_win(office: Office) -> None:
    endpoint = await office.endpoint()
    _, one = await office.endpoints.update(
        office.merchant.id, endpoint.id, {"enabled": False}, at=office.clock.now()
    )
    _, other = await office.endpoints.delete(office.merchant.id, endpoint.id, at=office.clock.now())

    await office.commit(one)

    assert await office.database.commit(other) == STALE


async def test_a_deleted_endpoint_is_gone(office: Office) -> None:
    endpoint = await office.endpoint()
    _, change = await office.endpoints.delete(office.merchant.id, endpoint.id, at=office.clock.now())
    await office.commit(change)

    with pytest.raises(NotFoundError):
        await office.endpoints.get(office.merchant.id, endpoint.id)
    assert await office.endpoints.list(office.merchant.id, before=None, limit=10) == []


async def test_they_are_listed_newest_first_page_by_page(office: Office) -> None:
    made = [await office.endpoint() for _ in range(5)]

    first = await office.endpoints.list(office.merchant.id, before=None, limit=2)
    rest = await office.endpoints.list(office.merchant.id, before=first[1].id, limit=10)

    # one more than asked for says that there is more
    assert [each.id for each in first] == [each.id for each in reversed(made[2:])]
    assert [each.id for each in rest] == [each.id for each in reversed(made[:3])]


async def test_there_is_a_bound_and_deleting_makes_room(office: Office) -> None:
    made = [await office.endpoint() for _ in range(ENDPOINTS_MAX)]

    with pytest.raises(ConflictError, match=str(ENDPOINTS_MAX)):
        await office.endpoint()
    with pytest.raises(ConflictError, match=str(ENDPOINTS_MAX)):
        await office.endpoints.set_shorthand(office.merchant, URL, at=office.clock.now())

    _, change = await office.endpoints.delete(office.merchant.id, made[0].id, at=office.clock.now())
    await office.commit(change)
    await office.endpoint()


@pytest.mark.parametrize("grace", [timedelta(seconds=-1), GRACE_MAX + timedelta(seconds=1)])
async def test_a_grace_period_has_bounds(office: Office, grace: timedelta) -> None:
    endpoint = await office.endpoint()

    with pytest.raises(InvalidFieldError) as refusal:
        await office.endpoints.rotate_secret(
            office.merchant.id, endpoint.id, secret=None, grace=grace, at=office.clock.now()
        )

    assert refusal.value.param == "grace_period_s"


async def test_a_secret_may_be_rotated_to_ones_own(office: Office) -> None:
    endpoint = await office.endpoint()
    _, shown, change = await office.endpoints.rotate_secret(
        office.merchant.id, endpoint.id, secret="mine-alone", grace=timedelta(0), at=office.clock.now()
    )
    await office.commit(change)

    assert shown == "mine-alone"
    _, secrets = await office.endpoints.secrets(office.merchant.id, endpoint.id, at=office.clock.now())
    assert secrets == ("mine-alone",)


async def test_a_ping_goes_out_at_once_signed_and_leaves_nothing(office: Office) -> None:
    endpoint = await office.endpoint(enabled=False)

    result = await office.endpoints.ping(office.merchant.id, endpoint.id, at=office.clock.now())

    assert result.succeeded
    (request,) = office.wire.requests
    body = orjson.loads(request.body)
    assert body == {
        "id": body["id"],
        "event": "ping",
        "endpoint_id": endpoint.id,
        "timestamp": "2026-01-31T12:00:00Z",
    }
    assert office.wire.headers()["webhook-id"] == body["id"]
    assert await office.reports() == []


# The merchant's webhook_url


async def set_shorthand(office: Office, url: str | None) -> None:
    """Set it as the merchants' use case does."""
    merchant, endpoints = await office.endpoints.set_shorthand(office.merchant, url, at=office.clock.now())
    saved = replace(merchant, version=office.merchant.version + 1)
    await office.commit(Change(records=(saved, *endpoints)))
    office.merchant = saved


async def test_the_shorthand_makes_moves_and_removes_one_endpoint(office: Office) -> None:
    assert await office.endpoints.shorthand_url(office.merchant) is None

    await set_shorthand(office, URL)
    assert await office.endpoints.shorthand_url(office.merchant) == URL
    (made,) = await office.endpoints.list(office.merchant.id, before=None, limit=10)
    assert made.events == ("*",)

    await set_shorthand(office, "http://moved.test/")
    (moved,) = await office.endpoints.list(office.merchant.id, before=None, limit=10)
    assert (moved.id, moved.url, moved.sealed_secret) == (made.id, "http://moved.test/", made.sealed_secret)

    await set_shorthand(office, None)
    assert await office.endpoints.shorthand_url(office.merchant) is None
    assert await office.endpoints.list(office.merchant.id, before=None, limit=10) == []

    await set_shorthand(office, None)
    assert office.merchant.webhook_endpoint_id is None


async def test_setting_the_shorthand_switches_its_endpoint_on_again(office: Office) -> None:
    await set_shorthand(office, URL)
    (made,) = await office.endpoints.list(office.merchant.id, before=None, limit=10)
    _, change = await office.endpoints.update(
        office.merchant.id, made.id, {"enabled": False}, at=office.clock.now()
    )
    await office.commit(change)

    await set_shorthand(office, URL)

    assert (await office.endpoints.get(office.merchant.id, made.id)).is_enabled


async def test_deleting_the_shorthands_endpoint_by_its_id_leaves_none(office: Office) -> None:
    await set_shorthand(office, URL)
    (made,) = await office.endpoints.list(office.merchant.id, before=None, limit=10)
    _, change = await office.endpoints.delete(office.merchant.id, made.id, at=office.clock.now())
    await office.commit(change)

    assert await office.endpoints.shorthand_url(office.merchant) is None
    await set_shorthand(office, URL)
    assert await office.endpoints.shorthand_url(office.merchant) == URL


async def test_the_configured_secret_is_the_shorthands(database_url: str) -> None:
    async with open_office(database_url, shorthand_secret="configured") as office:
        await set_shorthand(office, URL)
        (made,) = await office.endpoints.list(office.merchant.id, before=None, limit=10)

        _, secrets = await office.endpoints.secrets(office.merchant.id, made.id, at=office.clock.now())

        assert secrets == ("configured",)


async def test_a_shorthand_that_is_no_url_names_its_field(office: Office) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        await office.endpoints.set_shorthand(office.merchant, "not a url", at=office.clock.now())

    assert refusal.value.param == "webhook_url"
