"""Tables of the pages, made of what the code knows. Pure: each function returns Markdown."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Final

from kessai.cli.remote.recipes import RECIPES, Recipe
from kessai.control.metrics import Metrics
from kessai.dialects.native.errors import STATUS
from kessai.dialects.native.signing import sign
from kessai.dialects.stripe.events import TOLD
from kessai.domain.delivery import Attempt, DeliveryStatus
from kessai.domain.dispute import DisputeStatus
from kessai.domain.errors import KessaiError
from kessai.domain.event import NATIVE_EVENTS, EventType
from kessai.domain.ids import DeliveryId
from kessai.domain.instrument import SETTLES_LATER, InstrumentType
from kessai.domain.intent import IntentStatus
from kessai.domain.outcome import Declined
from kessai.domain.payment import AUTHORIZATION_LASTS
from kessai.domain.payout import PayoutStatus
from kessai.domain.refund import RefundStatus
from kessai.domain.schedules import NAMED, NATIVE, Schedule
from kessai.domain.setup import SetupStatus
from kessai.domain.transitions import REQUESTABLE, TRANSITIONS, Action, Status
from kessai.http import errors as http_errors
from kessai.services.backlog import Figures
from kessai.settings import SECRETS, describe
from kessai.simulation.cards import PUBLISHED, VPAS, brand_of
from kessai.simulation.table import DEFAULT_DELAY, DEFAULT_SLOWNESS, SIMULATIONS, Course, Delivery, Simulation
from tests.docs.words import English


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def settings() -> str:
    """Every setting with its default and what it is for."""
    secrets = {name.upper() for name in SECRETS}
    return table(
        ("Setting", "Default", "What it is for"),
        (
            (
                f"`{option.name}`" + (" (secret)" if option.name in secrets else ""),
                f"`{option.default}`" if option.default and " " not in option.default else option.default,
                option.help,
            )
            for option in describe()
        ),
    )


def simulations(words: type[English] = English) -> str:
    """Every `simulate` value and what it leads to."""
    return table(
        words.head,
        ((f"`{name}`", _happens(row, words), _code(row)) for name, row in SIMULATIONS.items()),
    )


def _happens(row: Simulation, words: type[English]) -> str:
    if row.course is Course.AFTER_TIMEOUT:
        return words.timeout
    if row.course is Course.AFTER_ACTION:
        return words.refused if isinstance(row.verdict, Declined) else words.action
    if row.course is Course.AFTER_DELAY:
        end = words.failed if isinstance(row.verdict, Declined) else "`CAPTURED`"
        return words.later.format(wait=_seconds(DEFAULT_DELAY), end=end)
    if isinstance(row.verdict, Declined):
        return words.failed
    if (later := _comes_later(row, words)) is not None:
        return later
    if row.answer is Delivery.LOST:
        return words.lost
    return (
        words.late.format(wait=_seconds(DEFAULT_SLOWNESS)) if row.answer is Delivery.LATE else words.captured
    )


def _comes_later(row: Simulation, words: type[English]) -> str | None:
    """What a payment that went through leads to."""
    if row.dispute is not None:
        told = words.asked if row.dispute.is_inquiry else words.disputed
        return told.format(reason=row.dispute.reason, times=words.times[row.dispute.count])
    if row.refunds_fail:
        return words.refunds
    if row.refunds_wait:
        return words.refunds_wait.format(wait=_seconds(DEFAULT_DELAY))
    if isinstance(row.increment, Declined):
        return words.increment
    return words.available if row.is_available_at_once else None


def _code(row: Simulation) -> str:
    return f"`{row.verdict.code}`" if isinstance(row.verdict, Declined) else ""


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():g}"


def cards() -> str:
    """Every published test card number, by what it leads to."""
    by_simulation: dict[str, list[str]] = defaultdict(list)
    for number, name in PUBLISHED.items():
        by_simulation[name].append(number)
    return table(
        ("`simulate`", "Card numbers"),
        (
            (f"`{name}`", ", ".join(f"`{number}` ({brand_of(number)})" for number in numbers))
            for name, numbers in by_simulation.items()
        ),
    )


def first_cards(head: Sequence[str] = ("Card number", "Brand", "Same as `simulate`")) -> str:
    """One published card for each thing that can happen."""
    firsts: dict[str, str] = {}
    for number, name in PUBLISHED.items():
        firsts.setdefault(name, number)
    return table(head, ((f"`{firsts[name]}`", brand_of(firsts[name]), f"`{name}`") for name in firsts))


def first_cards_in_japanese() -> str:
    """The same under Japanese heads."""
    return first_cards(("カード番号", "ブランド", "同じ意味の `simulate`"))


def instruments() -> str:
    """The kinds of `payment_method` and how each settles."""
    return table(
        ("`type`", "Settles"),
        (
            (f"`{kind}`", "later: such a payment is `PENDING` first" if kind in SETTLES_LATER else "at once")
            for kind in InstrumentType
        ),
    )


def upi() -> str:
    """Published UPI ids."""
    return table(("`vpa`", "Same as `simulate`"), ((f"`{vpa}`", f"`{name}`") for vpa, name in VPAS.items()))


def diagram() -> str:
    """The state machine, drawn."""
    arrows: dict[tuple[Status, Status], list[str]] = defaultdict(list)
    for (source, action), target in TRANSITIONS.items():
        arrows[source, target].append(action.value)
    lines = [
        f"    {source} --> {target}: {', '.join(actions)}" for (source, target), actions in arrows.items()
    ]
    final = [
        f"    {status} --> [*]" for status in Status if not any(source is status for source, _ in TRANSITIONS)
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> CREATED: create", *lines, *final, "```"])


_WHO: Final = {
    Action.AUTHORIZE: "the bank",
    Action.DECLINE: "the bank",
    Action.CHALLENGE: "the bank",
    Action.DEFER: "the bank",
    Action.SETTLE: "the clock",
    Action.DECLINE_INCREMENT: "the bank, when it will not hold more",
    Action.EXPIRE: f"the clock, after {AUTHORIZATION_LASTS.days} days or `expires_in_s`",
    Action.REFUND_PART: "the merchant",
    Action.RESTORE: "the bank, when a refund fails",
}


def transitions() -> str:
    """Every arrow of the state machine."""
    return table(
        ("From", "Action", "To", "Who moves it"),
        (
            (f"`{source}`", f"`{action}`", f"`{target}`", _who(source, action))
            for (source, action), target in TRANSITIONS.items()
        ),
    )


def _who(source: Status, action: Action) -> str:
    if action in REQUESTABLE:
        return (
            "the merchant, or the bank if capture is automatic"
            if action is Action.CAPTURE
            else "the merchant"
        )
    if source is Status.REQUIRES_ACTION:
        return "the payer, at the bank's page"
    return "the clock" if source is Status.PENDING else _WHO[action]


def errors() -> str:
    """Every error code with its HTTP status and meaning."""
    meanings = {kind.code: _first_line(kind) for kind in _kinds(KessaiError) if "code" in vars(kind)}
    meanings["VALIDATION_FAILED"] = _first_line(http_errors.ValidationFailedError)
    return table(
        ("Status", "Code", "What it says"),
        ((str(status), f"`{code}`", meanings[code]) for code, status in STATUS.items()),
    )


def declines() -> str:
    """Every `error_code` that a payment can have, once."""
    verdicts = (row.verdict for row in SIMULATIONS.values())
    rows = {(f"`{each.code}`", each.message): None for each in verdicts if isinstance(each, Declined)}
    return table(("`error_code`", "`error_message`"), rows)


def _kinds(root: type[KessaiError]) -> Iterator[type[KessaiError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _kinds(kind)


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


_TOLD: Final = {
    EventType.PAYMENT_CREATED: "a payment was asked for; `payment` is as it was before the bank's answer",
    EventType.PAYMENT_AUTHORIZED: "the amount is held and waits to be captured",
    EventType.PAYMENT_INCREMENTED: "more is held than before; `amount` of the payment says how much",
    EventType.PAYMENT_SUCCEEDED: "the amount was captured",
    EventType.PAYMENT_FAILED: "the bank, or the payer, said no",
    EventType.PAYMENT_REFUNDED: "some or all was given back; `refund` says how much",
    EventType.PAYMENT_CANCELED: "what was held was let go",
    EventType.PAYMENT_EXPIRED: "nobody captured in time",
    EventType.PAYMENT_REQUIRES_ACTION: "the payer has to prove who they are",
    EventType.REFUND_PENDING: "a refund is on its way, or its payer is asked where to",
    EventType.REFUND_FAILED: "a refund failed; its amount is back on the payment",
    EventType.CUSTOMER_CREATED: "a customer was made",
    EventType.CUSTOMER_UPDATED: "what is known of a customer has changed",
    EventType.CUSTOMER_DELETED: "a customer was deleted; `customer` is as it was before",
    EventType.INSTRUMENT_ATTACHED: "an instrument has become a customer's",
    EventType.INSTRUMENT_UPDATED: "what is kept of an instrument has changed, a card's expiry for example",
    EventType.INSTRUMENT_DETACHED: "an instrument was taken from its customer, or deleted",
    EventType.INTENT_CREATED: "an intent was made; nothing was tried yet",
    EventType.INTENT_REQUIRES_ACTION: "the payer of a try has to prove who they are",
    EventType.INTENT_PROCESSING: "a try settles later",
    EventType.INTENT_AUTHORIZED: "the amount is held and waits to be captured, or more of it is held",
    EventType.INTENT_SUCCEEDED: "it is paid",
    EventType.INTENT_FAILED: "a try failed; another one is possible",
    EventType.INTENT_CANCELED: "it was given up, or its hold has lapsed",
    EventType.SETUP_CREATED: "a setup was made; nothing was tried yet",
    EventType.SETUP_REQUIRES_ACTION: "the payer of a try has to prove who they are",
    EventType.SETUP_SUCCEEDED: "its instrument is good for payments without its payer",
    EventType.SETUP_FAILED: "a try failed; another one is possible",
    EventType.SETUP_CANCELED: "it was given up",
    EventType.DISPUTE_CREATED: "the holder of the card disputes a payment, or asks about it first",
    EventType.DISPUTE_UPDATED: "evidence or metadata was added, or the dispute has moved",
    EventType.DISPUTE_CLOSED: "a dispute was won or lost, or an inquiry is over",
    EventType.PAYOUT_CREATED: "an amount has left the balance for the bank",
    EventType.PAYOUT_PAID: "it has arrived there",
    EventType.PAYOUT_CANCELED: "it was canceled, and is back in the balance",
    EventType.ENDPOINT_DISABLED: "an endpoint was switched off because it did not answer, or said 410",
}


def events() -> str:
    """Every event and what it tells."""
    return table(("Event", "What happened"), ((f"`{each}`", _TOLD[each]) for each in NATIVE_EVENTS))


def stripe_events() -> str:
    """Every event that the Stripe API tells of, by what it is about."""
    about: dict[str, list[str]] = defaultdict(list)
    for name in TOLD:
        subject, _, happened = name.rpartition(".")
        about[subject].append(f"`{happened}`")
    return table(
        ("About", "What may have happened"), ((f"`{each}.…`", ", ".join(about[each])) for each in about)
    )


def recipes() -> str:
    """What can be set for each event that is triggered."""
    return table(
        ("Event", "`--set` takes"),
        (
            (f"`{event}`", ", ".join(map(_settable, repeat(recipe), recipe.names)))
            for event, recipe in RECIPES.items()
        ),
    )


def _settable(recipe: Recipe, name: str) -> str:
    choices = recipe.choices.get(name)
    return f"`{name}`" + (f" ({', '.join(f'`{choice}`' for choice in choices)})" if choices else "")


def headers() -> str:
    """The headers of one attempt, as the signer makes them."""
    made = sign(
        b'{"event":"ping"}',
        ["topsecret", "the-one-before"],
        event_id="0199d3c2-5f00-7000-8000-000000000000",
        event_type="payment.succeeded",
        attempt=1,
        at=datetime(2026, 1, 31, 12, tzinfo=UTC),
    )
    return table(("Header", "For example"), ((f"`{name}`", f"`{value}`") for name, value in made))


def schedule() -> str:
    """When a failed delivery is tried again, by the schedules' names; the native one by default."""
    defaults = {option.name: option.default for option in describe()}
    first = timedelta(seconds=float(defaults["WEBHOOK_RETRY_DELAY"]))
    delays = Schedule.doubling(first, int(defaults["WEBHOOK_MAX_RETRIES"])).delays
    schedules = {NATIVE: Schedule(delays), **NAMED}
    return table(
        ("`retry_schedule`", "Retries", "Each waits after the attempt before it"),
        (
            (f"`{name}`", str(len(schedule.delays)), ", ".join(map(_length, schedule.delays)) or "none")
            for name, schedule in schedules.items()
        ),
    )


def _length(delay: timedelta) -> str:
    """A delay in the largest unit that needs no fraction."""
    seconds = delay.total_seconds()
    units = ((3600, "h"), (60, "min"))
    fitting = next(((size, unit) for size, unit in units if seconds >= size and not seconds % size), (1, "s"))
    return f"{seconds / fitting[0]:g} {fitting[1]}"


def statuses() -> str:
    """The statuses of what is no payment, by the docstrings of their enums."""
    return table(
        ("Of a", "Statuses", "Which means"),
        (
            ("refund", ", ".join(f"`{each}`" for each in RefundStatus), _first_line(RefundStatus)),
            ("intent", ", ".join(f"`{each}`" for each in IntentStatus), _first_line(IntentStatus)),
            ("setup", ", ".join(f"`{each}`" for each in SetupStatus), _first_line(SetupStatus)),
            ("dispute", ", ".join(f"`{each}`" for each in DisputeStatus), _first_line(DisputeStatus)),
            ("payout", ", ".join(f"`{each}`" for each in PayoutStatus), _first_line(PayoutStatus)),
            ("delivery", ", ".join(f"`{each}`" for each in DeliveryStatus), _first_line(DeliveryStatus)),
        ),
    )


_ATTEMPT = Attempt(
    delivery_id=DeliveryId("d"),
    number=1,
    started_at=datetime(2026, 1, 31, tzinfo=UTC),
    status_code=200,
    latency_ms=12,
    answer="",
    error=None,
)


def metrics() -> str:
    """Every metric in the exposition, with its type and labels."""
    counted = Metrics()
    counted.observe_request("create_payment", 201, 0.001)
    counted.observe_attempt(DeliveryStatus.SUCCEEDED, _ATTEMPT)
    text = counted.exposition(Figures(0, {}, 0.0, 0.0, 0)).decode()
    helps = dict(re.findall(r"^# HELP (\w+) (.+)$", text, re.MULTILINE))
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    return table(
        ("Metric", "Type", "Labels", "What it counts"),
        (
            (f"`{name}`", kinds[name], _labels(name, text), help_)
            for name, help_ in helps.items()
            if not name.endswith("_created")
        ),
    )


def _labels(name: str, text: str) -> str:
    sample = re.search(rf"^{name}(?:_bucket)?\{{(.*)\}} ", text, re.MULTILINE)
    known = re.findall(r'(\w+)="', sample[1]) if sample else {"kessai_events_total": ["type"]}.get(name, [])
    return ", ".join(f"`{label}`" for label in known if label != "le")
