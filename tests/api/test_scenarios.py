"""The catalogue of scenarios: each ends in the same ledger, by whichever API it was played."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from kessai.storage.tables import payments, refunds
from tests.support.doors import DOORS, Door, opened_door
from tests.support.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Step:
    """What is done at the door, or `wait`; and whether that is refused."""

    does: str
    given: dict[str, Any]
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps, and the rows they end in. Rows are written as told in `ledger`, oldest first."""

    name: str
    steps: tuple[Step, ...]
    payments: tuple[str, ...]
    refunds: tuple[str, ...] = ()


def take(amount: int = 2_000, bank: str = "success", **how: Any) -> Step:
    return Step("take", {"amount": amount, "bank": bank, **how})


def hold(amount: int = 2_000, bank: str = "success") -> Step:
    return take(amount, bank, by_hand=True)


def step(does: str, **given: Any) -> Step:
    return Step(does, given)


def refused(each: Step) -> Step:
    return Step(each.does, each.given, is_refused=True)


def wait(**time: float) -> Step:
    return Step("wait", time)


CAPTURE, VOID, REFUND, LOSE = step("capture"), step("void"), step("refund"), step("lose_next")
APPROVE, FAIL = step("prove", outcome="approve"), step("prove", outcome="fail")
EXPIRY = wait(days=7)

CATALOGUE = [
    Scenario("captured", (take(),), ("CAPTURED 2000 USD, 2000 captured, 0 refunded",)),
    Scenario(
        "captured in a currency without decimals",
        (take(500, currency="jpy"),),
        ("CAPTURED 500 JPY, 500 captured, 0 refunded",),
    ),
    Scenario(
        "declined",
        (refused(take(bank="card_declined")),),
        ("FAILED 2000 USD, 0 captured, 0 refunded, CARD_DECLINED",),
    ),
    Scenario(
        "declined for want of money, while it was to be held",
        (refused(hold(bank="insufficient_funds")), refused(CAPTURE)),
        ("FAILED 2000 USD, 0 captured, 0 refunded, INSUFFICIENT_FUNDS",),
    ),
    Scenario(
        "declined, then paid with another card",
        (refused(take(bank="expired_card")), step("take_again", bank="success")),
        (
            "FAILED 2000 USD, 0 captured, 0 refunded, EXPIRED_CARD",
            "CAPTURED 2000 USD, 2000 captured, 0 refunded",
        ),
    ),
    Scenario(
        "waits for its payer",
        (take(bank="requires_action"), refused(CAPTURE), refused(REFUND)),
        ("REQUIRES_ACTION 2000 USD, 0 captured, 0 refunded",),
    ),
    Scenario(
        "3DS passed",
        (take(bank="requires_action"), APPROVE),
        ("CAPTURED 2000 USD, 2000 captured, 0 refunded",),
    ),
    Scenario(
        "3DS failed",
        (take(bank="requires_action"), FAIL, refused(CAPTURE)),
        ("FAILED 2000 USD, 0 captured, 0 refunded, AUTHENTICATION_FAILED",),
    ),
    Scenario(
        "3DS passed, then declined",
        (take(bank="requires_action_declined"), APPROVE),
        ("FAILED 2000 USD, 0 captured, 0 refunded, CARD_DECLINED",),
    ),
    Scenario(
        "3DS passed, held and captured",
        (hold(bank="requires_action"), APPROVE, CAPTURE),
        ("CAPTURED 2000 USD, 2000 captured, 0 refunded",),
    ),
    Scenario("held", (hold(), refused(REFUND)), ("AUTHORIZED 2000 USD, 0 captured, 0 refunded",)),
    Scenario(
        "held and captured once",
        (hold(), CAPTURE, refused(CAPTURE)),
        ("CAPTURED 2000 USD, 2000 captured, 0 refunded",),
    ),
    Scenario(
        "captured in part",
        (hold(), refused(step("capture", amount=2_001)), step("capture", amount=700)),
        ("CAPTURED 2000 USD, 700 captured, 0 refunded",),
    ),
    Scenario(
        "held, raised and captured",
        (
            hold(),
            refused(step("increment", amount=2_000)),
            step("increment", amount=2_600),
            CAPTURE,
            refused(step("increment", amount=2_700)),
        ),
        ("CAPTURED 2600 USD, 2600 captured, 0 refunded",),
    ),
    Scenario(
        "held, not raised, and captured",
        (hold(bank="increment_declined"), refused(step("increment", amount=2_600)), CAPTURE),
        ("CAPTURED 2000 USD, 2000 captured, 0 refunded",),
    ),
    Scenario(
        "raised, its answer lost, and let go",
        (hold(), LOSE, step("increment", amount=2_600), VOID),
        ("VOIDED 2600 USD, 0 captured, 0 refunded",),
    ),
    Scenario(
        "void",
        (hold(), VOID, refused(CAPTURE), refused(VOID)),
        ("VOIDED 2000 USD, 0 captured, 0 refunded",),
    ),
    Scenario(
        "expired",
        (hold(), EXPIRY, refused(CAPTURE), refused(VOID)),
        ("EXPIRED 2000 USD, 0 captured, 0 refunded",),
    ),
    Scenario(
        "captured just in time",
        (hold(), wait(days=6, hours=23), CAPTURE, EXPIRY),
        ("CAPTURED 2000 USD, 2000 captured, 0 refunded",),
    ),
    Scenario(
        "refunded whole",
        (take(), REFUND, refused(REFUND)),
        ("REFUNDED 2000 USD, 2000 captured, 2000 refunded",),
        ("PROCESSED 2000 USD",),
    ),
    Scenario(
        "refunded in parts",
        (take(), step("refund", amount=500), step("refund", amount=700)),
        ("CAPTURED 2000 USD, 2000 captured, 1200 refunded",),
        ("PROCESSED 500 USD", "PROCESSED 700 USD"),
    ),
    Scenario(
        "refunded in parts until nothing is left",
        (take(), step("refund", amount=500), refused(step("refund", amount=1_501)), REFUND),
        ("REFUNDED 2000 USD, 2000 captured, 2000 refunded",),
        ("PROCESSED 500 USD", "PROCESSED 1500 USD"),
    ),
    Scenario(
        "captured in part and refunded",
        (hold(), step("capture", amount=700), refused(step("refund", amount=701)), REFUND),
        ("REFUNDED 2000 USD, 700 captured, 700 refunded",),
        ("PROCESSED 700 USD",),
    ),
    Scenario(
        "refund on its way",
        (take(bank="refund_pending"), REFUND),
        ("REFUNDED 2000 USD, 2000 captured, 2000 refunded",),
        ("PENDING 2000 USD",),
    ),
    Scenario(
        "refund arrived",
        (take(bank="refund_pending"), REFUND, wait(days=10)),
        ("REFUNDED 2000 USD, 2000 captured, 2000 refunded",),
        ("PROCESSED 2000 USD",),
    ),
    Scenario(
        "refund failed",
        (take(bank="refund_failure"), step("refund", amount=500), wait(days=10)),
        ("CAPTURED 2000 USD, 2000 captured, 0 refunded",),
        ("FAILED 500 USD",),
    ),
    Scenario(
        "answer lost",
        (LOSE, take()),
        ("CAPTURED 2000 USD, 2000 captured, 0 refunded",),
    ),
    Scenario(
        "answer to a decline lost",
        (LOSE, refused(take(bank="card_declined"))),
        ("FAILED 2000 USD, 0 captured, 0 refunded, CARD_DECLINED",),
    ),
    Scenario(
        "answers to a capture and a refund lost",
        (hold(), LOSE, CAPTURE, LOSE, step("refund", amount=500)),
        ("CAPTURED 2000 USD, 2000 captured, 500 refunded",),
        ("PROCESSED 500 USD",),
    ),
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("scenario", CATALOGUE, ids=lambda each: each.name)
async def test_a_scenario_ends_in_its_ledger(gateway: Gateway, scenario: Scenario, door: str) -> None:
    async with opened_door(door, gateway) as opened:
        for each in scenario.steps:
            await play(each, opened, gateway)

    assert await ledger(gateway) == (list(scenario.payments), list(scenario.refunds))


async def play(each: Step, door: Door, gateway: Gateway) -> None:
    """One step; between two of them a second passes."""
    if each.does == "wait":
        await gateway.tick(timedelta(**each.given))
        return
    if each.does == "lose_next":
        door.lose_next()
        return
    status = await getattr(door, each.does)(**each.given)
    assert (status >= 400) is each.is_refused, f"{each} was answered {status}"
    await gateway.tick(timedelta(seconds=1))


async def ledger(gateway: Gateway) -> tuple[list[str], list[str]]:
    """Every payment and refund there is, a line each."""

    def read(connection: Connection) -> tuple[list[str], list[str]]:
        paid = connection.execute(select(payments).order_by(payments.c.id)).mappings()
        returned = connection.execute(select(refunds).order_by(refunds.c.id)).mappings()
        return (
            [
                f"{row['status']} {row['amount']} {row['currency']}, {row['captured_amount']} captured, "
                f"{row['refunded_amount']} refunded{', ' + row['error_code'] if row['error_code'] else ''}"
                for row in paid
            ],
            [f"{row['status']} {row['amount']} {row['currency']}" for row in returned],
        )

    return await gateway.joined.database.run(read)
