"""What `kessai trigger` makes of an event and of what was set for it, before anybody is asked."""

from __future__ import annotations

import pytest

from kessai.cli.failures import CommandError, ExitCode
from kessai.cli.remote.overrides import body_of, overrides_for, recipe_for
from kessai.cli.remote.recipes import RECIPES
from kessai.domain.event import NATIVE_EVENTS


def test_there_is_a_recipe_for_every_event() -> None:
    assert set(RECIPES) == {each.value for each in NATIVE_EVENTS}


def test_what_was_set_goes_into_the_request_that_takes_it() -> None:
    set_ = [
        *("amount=1200", "currency=JPY", "reference=0042", "metadata.order=7", "metadata.by=a=b"),
        *("refund_amount=200", "reason=too salty"),
    ]
    overrides = overrides_for("payment.refunded", set_)

    pay, refund = recipe_for("payment.refunded").steps

    # numbers are numbers where the field is one, and text everywhere else
    assert body_of(pay, overrides) == {
        "amount": 1200,
        "currency": "JPY",
        "reference": "0042",
        "metadata": {"order": "7", "by": "a=b"},
    }
    assert body_of(refund, overrides) == {"amount": 200, "reason": "too salty"}


def test_what_was_not_set_is_as_the_recipe_says() -> None:
    (pay,) = recipe_for("payment.failed").steps

    assert body_of(pay, {}) == {"amount": 10_000, "simulate": "card_declined"}


def test_a_value_that_is_wrong_is_left_to_the_api() -> None:
    assert overrides_for("payment.created", ["amount=a lot", "currency=?"]) == {
        "amount": "a lot",
        "currency": "?",
    }


@pytest.mark.parametrize(
    ("event", "set_", "message", "hint"),
    [
        ("payment.paid", "amount=1", "payment.paid is no event", "payment.succeeded"),
        ("payment.failed", "amont=1", "amont cannot be set for payment.failed", "amount"),
        ("payment.failed", "refund_amount=1", "refund_amount cannot be set", "simulate"),
        ("payment.failed", "amount", "--set amount is no NAME=VALUE", "amount"),
        ("payment.failed", "metadata=1", "metadata cannot be set", "metadata.NAME"),
        ("payment.failed", "simulate=success", "does not lead to payment.failed", "card_declined"),
        ("payment.failed", "simulate=pending_failure", "does not lead to", "insufficient_funds"),
        ("payment.created", "simulate=lost_response", "does not lead to", "card_declined"),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_can(event: str, set_: str, message: str, hint: str) -> None:
    with pytest.raises(CommandError) as refused:
        overrides_for(event, [set_])

    assert refused.value.exit_code is ExitCode.USAGE
    assert message in refused.value.message
    assert refused.value.hint is not None
    assert hint in refused.value.hint


def test_nothing_is_set_twice() -> None:
    with pytest.raises(CommandError, match="amount is set twice"):
        overrides_for("payment.failed", ["amount=1", "amount=2"])
