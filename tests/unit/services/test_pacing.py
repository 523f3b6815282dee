"""Who may have how many attempts under way: quick endpoints many, slow ones few, and nobody all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kessai.domain.endpoint import Endpoint
from kessai.domain.ids import EndpointId, MerchantId
from kessai.services.pacing import (
    DOUBTFUL_MAX,
    HOST_MAX,
    SLOW_MS,
    UNDER_WAY_MAX,
    WINDOW_FIRST,
    WINDOW_MAX,
    Pacing,
)
from kessai.services.ports import WebhookResult
from kessai.storage.repositories.claiming import Due

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
QUICK = WebhookResult(200, 7)
REFUSED = WebhookResult(500, 7)
SLOW = WebhookResult(200, SLOW_MS)
SILENT = WebhookResult(None, 30_000, error="timed out after 30 s")


def endpoint(number: int = 1, *, host: str | None = None, failures: int = 0) -> Endpoint:
    return Endpoint(
        id=EndpointId(f"e{number}"),
        merchant_id=MerchantId("m"),
        url=f"http://{host or f'host-{number}.test'}/hook",
        events=("*",),
        description=None,
        dialect="native",
        is_enabled=True,
        disabled_reason=None,
        sealed_secret="sealed",
        previous_sealed_secret=None,
        previous_expires_at=None,
        failing_since=None,
        created_at=AT,
        updated_at=AT,
        deleted_at=None,
        failures=failures,
    )


def answered(pacing: Pacing, to: Endpoint, result: WebhookResult, times: int = 1) -> None:
    for _ in range(times):
        pacing.began(to)
        pacing.ended(to, result)


def room(pacing: Pacing, *of: Endpoint) -> list[int]:
    shares = {
        share.endpoint.id: share.room
        for share in pacing.shares([Due(each, AT + timedelta(seconds=n)) for n, each in enumerate(of)])
    }
    return [shares.get(each.id, 0) for each in of]


def filled(pacing: Pacing, *endpoints: Endpoint) -> None:
    for each, count in zip(endpoints, room(pacing, *endpoints), strict=True):
        for _ in range(count):
            pacing.began(each)


def test_a_new_endpoint_begins_with_little() -> None:
    assert room(Pacing(), endpoint()) == [WINDOW_FIRST]


def test_quick_answers_open_the_window_up_to_a_bound() -> None:
    pacing = Pacing()

    answered(pacing, endpoint(), QUICK, times=3)
    assert room(pacing, endpoint()) == [WINDOW_FIRST + 3]

    answered(pacing, endpoint(), QUICK, times=200)
    assert room(pacing, endpoint()) == [WINDOW_MAX]


def test_a_refusal_closes_it_a_little_and_slowness_or_silence_by_half() -> None:
    pacing = Pacing()
    answered(pacing, endpoint(), QUICK, times=18)

    answered(pacing, endpoint(), REFUSED)
    assert room(pacing, endpoint()) == [19]
    answered(pacing, endpoint(), SLOW)
    assert room(pacing, endpoint()) == [9]
    answered(pacing, endpoint(), SILENT)
    assert room(pacing, endpoint()) == [4]


def test_however_bad_it_is_one_attempt_is_always_possible() -> None:
    pacing = Pacing()
    answered(pacing, endpoint(), SILENT, times=10)

    assert room(pacing, endpoint()) == [1]


def test_an_attempt_that_was_broken_off_teaches_nothing() -> None:
    pacing = Pacing()
    pacing.began(endpoint())
    pacing.ended(endpoint(), None)

    assert room(pacing, endpoint()) == [WINDOW_FIRST]


def test_what_is_under_way_takes_its_place() -> None:
    pacing = Pacing()
    filled(pacing, endpoint())

    assert room(pacing, endpoint()) == [0]


def test_a_host_has_a_bound_whoever_its_endpoints_are() -> None:
    pacing = Pacing()
    one_host = [endpoint(number, host="shared.test") for number in range(200)]

    for _ in range(10):
        filled(pacing, *one_host)

    assert room(pacing, *one_host) == [0] * 200
    assert room(pacing, endpoint(999)) == [WINDOW_FIRST]
    # then each that ends makes room for one
    pacing.ended(one_host[0], QUICK)
    assert sum(room(pacing, *one_host)) == 1
    assert HOST_MAX < UNDER_WAY_MAX


def test_any_number_of_silent_endpoints_leaves_places_for_proven_ones() -> None:
    pacing = Pacing()
    proven = endpoint(1000)
    answered(pacing, proven, QUICK, times=WINDOW_MAX)
    silent = [endpoint(number) for number in range(400)]

    for _ in range(10):
        filled(pacing, *silent)

    assert sum(room(pacing, *silent)) == 0
    assert room(pacing, *silent, proven)[-1] > 0
    assert DOUBTFUL_MAX < UNDER_WAY_MAX


def test_those_that_do_not_fail_come_first_then_those_that_wait_longest() -> None:
    waiting = [endpoint(1, failures=3), endpoint(2), endpoint(3)]

    shares = Pacing().shares([Due(each, AT) for each in waiting])

    assert [share.endpoint.id for share in shares] == ["e2", "e3", "e1"]


def test_one_turn_is_shared_fairly() -> None:
    pacing = Pacing()
    quick = [endpoint(number) for number in range(16)]
    for each in quick:
        answered(pacing, each, QUICK, times=WINDOW_MAX)

    assert room(pacing, *quick) == [8] * 16
