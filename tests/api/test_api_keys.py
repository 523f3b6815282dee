"""Keys: made, listed, rotated, revoked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.support.gateway import UNKNOWN, Gateway, refusal, stored_bytes

KEYS = "/merchants/me/api-keys"
SECOND = timedelta(seconds=1)
WEEK_S = 7 * 24 * 3600


async def made_key(gateway: Gateway, **facts: Any) -> dict[str, Any]:
    answer = await gateway.client.post(KEYS, json=facts)
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


async def opens(gateway: Gateway, secret_key: str) -> bool:
    answer = await gateway.client_with(secret_key).get("/merchants/me")
    if answer.status_code != 200:
        refusal(answer, 401, "AUTHENTICATION_FAILED")
    return answer.status_code == 200


async def test_a_secret_key_is_kept_nowhere(gateway: Gateway, tmp_path: Path) -> None:
    key = await made_key(gateway)
    assert await opens(gateway, key["secret_key"])
    await gateway.joined.database.close()
    assert key["secret_key"].encode() not in stored_bytes(tmp_path)
    assert b"sk_test_kessai" not in stored_bytes(tmp_path)


async def test_a_new_key_shows_its_secret_this_once(each_gateway: Gateway) -> None:
    key = await made_key(each_gateway, name="CI")
    assert UUID(key["id"]).version == 7
    assert key["public_key"].startswith("pk_test_")
    assert key["secret_key"].startswith("sk_test_")
    assert len(key["secret_key"]) >= 8 + 32
    assert {name: key[name] for name in ("name", "created_at", "expires_at", "previous_expires_at")} == {
        "name": "CI",
        "created_at": "2026-01-31T12:00:00Z",
        "expires_at": None,
        "previous_expires_at": None,
    }
    assert set(key) == {
        *("id", "name", "public_key", "secret_key", "created_at", "expires_at", "previous_expires_at")
    }
    assert await opens(each_gateway, key["secret_key"])

    listed = (await each_gateway.client.get(KEYS)).text
    assert key["public_key"] in listed
    assert key["secret_key"] not in listed


async def test_a_key_needs_no_body_and_no_name(gateway: Gateway) -> None:
    for content in (b"", b"{}", b'{"name":null}'):
        answer = await gateway.client.post(KEYS, content=content)
        assert (answer.status_code, answer.json()["name"]) == (201, None)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *(("name", wrong) for wrong in ("n" * 101, 1, "\x00")),
        *(("expires_at", wrong) for wrong in ("soon", "2026-02-01", 1_800_000_000, "1800000000", 1.5, True)),
        ("expires_at", "2026-02-01T12:00:00"),
        ("expires_at", "9999-12-31T23:59:59-23:59"),
        ("scopes", []),
    ],
)
async def test_what_is_wrong_is_refused(gateway: Gateway, field: str, wrong: object) -> None:
    answer = await gateway.client.post(KEYS, json={field: wrong})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == field
    assert (await gateway.rows())["api_keys"] == 1


async def test_keys_are_listed_newest_first_without_secrets(each_gateway: Gateway) -> None:
    made = [await made_key(each_gateway, name=f"key {n}") for n in range(2)]
    page = (await each_gateway.client.get(KEYS)).json()
    assert [each["name"] for each in page["data"]] == ["key 1", "key 0", "first key"]
    assert (page["has_more"], page["next_cursor"]) == (False, None)
    assert page["data"][0] == {
        "id": made[1]["id"],
        "name": "key 1",
        "public_key": made[1]["public_key"],
        "last4": made[1]["secret_key"][-4:],
        "created_at": "2026-01-31T12:00:00Z",
        "last_used_at": None,
        "expires_at": None,
        "revoked_at": None,
    }


async def test_keys_come_in_pages(gateway: Gateway) -> None:
    made = [(await gateway.client.get(KEYS)).json()["data"][0]["id"]]
    made += [(await made_key(gateway))["id"] for _ in range(24)]
    first = (await gateway.client.get(KEYS)).json()
    assert [each["id"] for each in first["data"]] == made[:4:-1]
    assert first["has_more"]
    second = (await gateway.client.get(KEYS, params={"cursor": first["next_cursor"]})).json()
    assert [each["id"] for each in second["data"]] == made[4::-1]
    assert (second["has_more"], second["next_cursor"]) == (False, None)
    assert len((await gateway.client.get(KEYS, params={"limit": 100})).json()["data"]) == 25
    for query in ({"limit": 0}, {"limit": 101}, {"cursor": "x"}, {"offset": 1}):
        refusal(await gateway.client.get(KEYS, params=query), 422, "VALIDATION_FAILED")


async def test_a_key_tells_when_it_was_last_used(each_gateway: Gateway) -> None:
    key = await made_key(each_gateway)
    each_gateway.clock.advance(5 * SECOND)
    await opens(each_gateway, key["secret_key"])
    each_gateway.clock.advance(5 * SECOND)
    await each_gateway.joined.pruning.run()
    mine, first = (await each_gateway.client.get(KEYS)).json()["data"]
    assert mine["last_used_at"] == "2026-01-31T12:00:05Z"
    assert first["last_used_at"] == "2026-01-31T12:00:00Z"


async def test_a_rotation_replaces_the_secret_at_once(each_gateway: Gateway) -> None:
    old = await made_key(each_gateway, name="CI")
    assert await opens(each_gateway, old["secret_key"])
    answer = await each_gateway.client.post(f"{KEYS}/{old['id']}/rotate")
    assert answer.status_code == 200
    new = answer.json()
    assert new == old | {"secret_key": new["secret_key"]}
    assert new["secret_key"] != old["secret_key"]
    assert await opens(each_gateway, new["secret_key"])
    assert not await opens(each_gateway, old["secret_key"])
    listed = (await each_gateway.client.get(KEYS)).json()["data"]
    assert listed[0]["last4"] == new["secret_key"][-4:]


async def test_after_a_rotation_with_grace_both_secrets_work_for_a_while(each_gateway: Gateway) -> None:
    old = await made_key(each_gateway)
    answer = await each_gateway.client.post(f"{KEYS}/{old['id']}/rotate", json={"grace_period_s": 60})
    new = answer.json()
    assert new["previous_expires_at"] == "2026-01-31T12:01:00Z"
    each_gateway.clock.advance(59 * SECOND)
    assert await opens(each_gateway, old["secret_key"])
    assert await opens(each_gateway, new["secret_key"])
    each_gateway.clock.advance(SECOND)
    assert not await opens(each_gateway, old["secret_key"])
    assert await opens(each_gateway, new["secret_key"])


async def test_of_two_rotations_only_the_last_old_secret_is_spared(gateway: Gateway) -> None:
    first = await made_key(gateway)
    grace = {"grace_period_s": 60}
    second = (await gateway.client.post(f"{KEYS}/{first['id']}/rotate", json=grace)).json()
    third = (await gateway.client.post(f"{KEYS}/{first['id']}/rotate", json=grace)).json()
    assert [await opens(gateway, key["secret_key"]) for key in (first, second, third)] == [False, True, True]


@pytest.mark.parametrize("grace", [-1, WEEK_S + 1, 1.5, "60", True, None])
async def test_a_grace_period_has_bounds(gateway: Gateway, grace: object) -> None:
    key = await made_key(gateway)
    answer = await gateway.client.post(f"{KEYS}/{key['id']}/rotate", json={"grace_period_s": grace})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "grace_period_s"
    longest = await gateway.client.post(f"{KEYS}/{key['id']}/rotate", json={"grace_period_s": WEEK_S})
    assert longest.status_code == 200


async def test_a_revoked_key_opens_nothing_at_once(each_gateway: Gateway) -> None:
    key = await made_key(each_gateway)
    assert await opens(each_gateway, key["secret_key"])
    each_gateway.clock.advance(SECOND)
    answer = await each_gateway.client.delete(f"{KEYS}/{key['id']}")
    assert answer.status_code == 200
    assert answer.json()["revoked_at"] == "2026-01-31T12:00:01Z"
    assert "secret_key" not in answer.json()
    assert not await opens(each_gateway, key["secret_key"])

    # to revoke it again changes nothing, and it cannot be rotated back to life
    each_gateway.clock.advance(SECOND)
    again = await each_gateway.client.delete(f"{KEYS}/{key['id']}")
    assert again.json()["revoked_at"] == "2026-01-31T12:00:01Z"
    refusal(await each_gateway.client.post(f"{KEYS}/{key['id']}/rotate"), 409, "CONFLICT")


async def test_revoking_also_ends_the_grace_of_a_rotation(gateway: Gateway) -> None:
    old = await made_key(gateway)
    await gateway.client.post(f"{KEYS}/{old['id']}/rotate", json={"grace_period_s": 60})
    await gateway.client.delete(f"{KEYS}/{old['id']}")
    assert not await opens(gateway, old["secret_key"])


async def test_the_last_key_that_works_stays(each_gateway: Gateway) -> None:
    (first,) = (await each_gateway.client.get(KEYS)).json()["data"]
    refusal(await each_gateway.client.delete(f"{KEYS}/{first['id']}"), 409, "CONFLICT")

    # a key that has expired does not count as one that works
    await made_key(each_gateway, expires_at="2026-01-31T12:00:01Z")
    each_gateway.clock.advance(SECOND)
    refusal(await each_gateway.client.delete(f"{KEYS}/{first['id']}"), 409, "CONFLICT")
    assert (await each_gateway.client.get("/merchants/me")).status_code == 200

    other = await made_key(each_gateway)
    assert (await each_gateway.client.delete(f"{KEYS}/{first['id']}")).status_code == 200
    assert await opens(each_gateway, other["secret_key"])


async def test_two_last_keys_revoked_at_once_do_not_both_go(each_gateway: Gateway) -> None:
    await made_key(each_gateway)
    keys = (await each_gateway.client.get(KEYS)).json()["data"]
    answers = await asyncio.gather(*(each_gateway.client.delete(f"{KEYS}/{key['id']}") for key in keys))
    assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 401])
    alive = await each_gateway.rows()
    assert alive["api_keys"] == 2


async def test_a_key_stops_when_it_expires(each_gateway: Gateway) -> None:
    key = await made_key(each_gateway, expires_at="2026-01-31T17:30:02+05:30")
    assert key["expires_at"] == "2026-01-31T12:00:02Z"
    each_gateway.clock.advance(SECOND)
    assert await opens(each_gateway, key["secret_key"])
    each_gateway.clock.advance(SECOND)
    assert not await opens(each_gateway, key["secret_key"])
    refusal(await each_gateway.client.post(f"{KEYS}/{key['id']}/rotate"), 409, "CONFLICT")


async def test_a_merchant_has_a_bounded_number_of_keys(gateway: Gateway) -> None:
    for _ in range(99):
        await made_key(gateway)
    refusal(await gateway.client.post(KEYS), 409, "CONFLICT")
    assert (await gateway.rows())["api_keys"] == 100


async def test_unknown_keys(each_gateway: Gateway) -> None:
    unknown = UNKNOWN
    refusal(await each_gateway.client.delete(f"{KEYS}/{unknown}"), 404, "NOT_FOUND")
    refusal(await each_gateway.client.post(f"{KEYS}/{unknown}/rotate"), 404, "NOT_FOUND")


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": value}


WELL_KNOWN = "sk_test_kessai"
REFUSED: list[tuple[dict[str, str], str]] = [
    ({}, "AUTHENTICATION_FAILED"),
    (bearer(""), "AUTHENTICATION_FAILED"),
    (bearer("Bearer"), "AUTHENTICATION_FAILED"),
    (bearer("Bearer "), "AUTHENTICATION_FAILED"),
    (bearer(WELL_KNOWN), "AUTHENTICATION_FAILED"),
    (bearer(f"Basic {WELL_KNOWN}"), "AUTHENTICATION_FAILED"),
    (bearer(f"Bearer {WELL_KNOWN}x"), "AUTHENTICATION_FAILED"),
    (bearer(f"Bearer {WELL_KNOWN.upper()}"), "AUTHENTICATION_FAILED"),
    (bearer(f"Bearer {WELL_KNOWN} x"), "AUTHENTICATION_FAILED"),
    (bearer("Bearer sk_test_nobody"), "AUTHENTICATION_FAILED"),
    (bearer("Bearer pk_test_kessai"), "AUTHENTICATION_FAILED"),
    (bearer("Bearer " + "k" * 10_000), "AUTHENTICATION_FAILED"),
    (bearer("Bearer sk_live_4eC39HqLyjWDarjtT1zdp7dc"), "LIVE_KEY_REFUSED"),
    (bearer("Bearer rk_live_4eC39HqLyjWDarjtT1zdp7dc"), "LIVE_KEY_REFUSED"),
    (bearer("Bearer pk_live_x"), "LIVE_KEY_REFUSED"),
    (bearer("Bearer rzp_live_x"), "LIVE_KEY_REFUSED"),
    ({"X-API-Key": ""}, "AUTHENTICATION_FAILED"),
    ({"X-API-Key": "sk_test_nobody"}, "AUTHENTICATION_FAILED"),
    ({"X-API-Key": "sk_live_x"}, "LIVE_KEY_REFUSED"),
    ({"X-API-Key": WELL_KNOWN, "Authorization": "Bearer sk_test_nobody"}, "AUTHENTICATION_FAILED"),
]


@pytest.mark.parametrize(("headers", "code"), REFUSED)
async def test_who_shows_no_key_that_opens_is_not_let_in(
    gateway: Gateway, headers: dict[str, str], code: str
) -> None:
    before = await gateway.rows()
    answer = await gateway.stranger.post("/api/v1/payments", json={"amount": 1}, headers=headers)
    refusal(answer, 401, code)
    assert answer.headers["www-authenticate"] == "Bearer"
    shown = [value.rpartition(" ")[2] for value in headers.values()]
    assert all(len(value) < 5 or value == WELL_KNOWN or value not in answer.text for value in shown)
    assert await gateway.rows() == before


async def test_a_key_of_bytes_that_are_no_text_is_refused(gateway: Gateway) -> None:
    headers = [(b"Authorization", b"Bearer \xff\xfe\xed\xa0\x80")]
    refusal(await gateway.stranger.get("/api/v1/merchants/me", headers=headers), 401, "AUTHENTICATION_FAILED")


async def test_who_is_not_let_in_is_told_nothing_of_the_body(gateway: Gateway) -> None:
    answer = await gateway.stranger.post("/api/v1/payments", content=b"{")
    refusal(answer, 401, "AUTHENTICATION_FAILED")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {WELL_KNOWN}"},
        {"Authorization": f"bearer {WELL_KNOWN}"},
        {"authorization": f"BEARER   {WELL_KNOWN} "},
        {"X-API-Key": WELL_KNOWN},
        {"x-api-key": f" {WELL_KNOWN} "},
    ],
)
async def test_a_key_may_be_shown_in_either_header(gateway: Gateway, headers: dict[str, str]) -> None:
    assert (await gateway.stranger.get("/api/v1/merchants/me", headers=headers)).status_code == 200


async def test_the_public_key_opens_nothing(gateway: Gateway) -> None:
    (key,) = (await gateway.client.get(KEYS)).json()["data"]
    answer = await gateway.client_with(key["public_key"]).get("/merchants/me")
    assert "public key" in refusal(answer, 401, "AUTHENTICATION_FAILED")["message"]


async def test_the_well_known_key_works_on_loopback_only(gateway: Gateway) -> None:
    transport = httpx.ASGITransport(gateway.joined.app)
    headers = {"Authorization": f"Bearer {WELL_KNOWN}"}
    for host, is_local in (("127.0.0.1", True), ("192.0.2.1", False), ("[2001:db8::1]", False)):
        async with httpx.AsyncClient(
            transport=transport, base_url=f"http://{host}", headers=headers
        ) as client:
            answer = await client.get("/api/v1/merchants/me")
        if is_local:
            assert answer.status_code == 200
        else:
            refusal(answer, 401, "AUTHENTICATION_FAILED")
