"""What is known of a message: the merchant's secrets and the body that was sent, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update

from kessai.adapters.secret_box import FernetBox
from kessai.domain.errors import ConflictError
from kessai.services.verification import Evidence, Verification
from kessai.storage.tables import webhook_deliveries
from tests.support.webhooks import Office, open_office


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with open_office(database_url) as opened:
        yield opened


async def evidence(office: Office, *event_ids: str, secret: str = "a secret", key: str = "") -> Evidence:
    box = FernetBox([key or office.api_secret_key])
    return await Verification(office.endpoints, office.events, box).evidence(
        office.merchant.id, event_ids, secret=secret, endpoint_id=None, at=office.clock.now()
    )


async def test_the_body_is_that_of_the_event(office: Office) -> None:
    await office.endpoint(events=["payment.failed"])
    await office.pay()
    await office.dispatch()
    delivery = (await office.the_report()).delivery

    found = await evidence(office, "no id", "0199d3c2-5f00-7000-8000-0000000000ff", delivery.event_id)

    assert found.sent == delivery.body == office.wire.bodies()[0]


async def test_a_body_that_was_forgotten_says_nothing(office: Office) -> None:
    await office.endpoint(events=["payment.failed"])
    await office.pay()
    await office.dispatch()
    forget = update(webhook_deliveries).values(body=b"", pruned_at=office.clock.now())
    await office.database.run(lambda connection: connection.execute(forget).rowcount)

    found = await evidence(office, (await office.the_report()).delivery.event_id)

    assert found.sent is None


async def test_secrets_that_cannot_be_opened_are_left_out(office: Office) -> None:
    await office.endpoint(secret="the-secret-of-one")
    await office.endpoint(secret="the-secret-of-another")

    assert [each.secret for each in (await evidence(office)).others] == [
        "the-secret-of-another",
        "the-secret-of-one",
    ]
    assert (await evidence(office, key="a key that nothing was sealed under")).others == ()


async def test_an_endpoint_whose_own_secret_cannot_be_opened_is_told_of(office: Office) -> None:
    endpoint = await office.endpoint()
    office.api_secret_key = "a key that nothing was sealed under"
    office.__post_init__()

    verification = Verification(office.endpoints, office.events, FernetBox([office.api_secret_key]))
    with pytest.raises(ConflictError, match="API_SECRET_KEY"):
        await verification.evidence(
            office.merchant.id, (), secret=None, endpoint_id=endpoint.id, at=office.clock.now()
        )
