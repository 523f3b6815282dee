"""`kessai trigger`: an event, by making the payments, refunds and endpoints that it tells of."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final, assert_never

import typer

from kessai.cli.failures import CommandError, ExitCode
from kessai.cli.options import LOOPBACK, Bind, Json, ReachableAt, ServerKey, ServerUrl
from kessai.cli.output import console, plain, say, write_json

if TYPE_CHECKING:
    from kessai.cli.remote.api import Answer, NativeApi
    from kessai.cli.remote.recipes import Recipe, Step

_DOCUMENTS: Final = ("customer", "instrument", "intent", "setup", "dispute", "payout")
_ABOUT: Final = {"endpoint": "endpoint_id", **dict.fromkeys(_DOCUMENTS, "document_id")}
"""The member of an event that says whose it is, where that is no payment."""
_MOVING: Final = ("payment", "intent", "setup", "dispute", "payout")
"""What may stand differently once the event is there."""
_STANDING: Final = ("status", "url", "type", "name")
"""What is said of a thing that was made: the first of these that it has."""
_WIDEST: Final = len("instrument")
_LOOKS_APART_S: Final = 0.5
_TOLD_OF_S: Final = 10
"""A wait that is longer is told of."""


def trigger(
    event: Annotated[
        str,
        typer.Argument(metavar="EVENT", help="Such as payment.failed; an unknown one gets a list of all."),
    ],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change what is made; may be repeated."),
    ] = None,
    bind: Bind = LOOPBACK,
    reachable_at: ReachableAt = None,
    url: ServerUrl = None,
    api_key: ServerKey = None,
    json: Json = False,
) -> None:
    """Make an event happen, by making what it tells of.

    What is made, payments for example, is really the server's, and so are the webhooks. For endpoint.disabled
    there is a temporary endpoint, which the server has to reach, and which is removed again.
    """
    from kessai.cli.remote.api import connected
    from kessai.cli.remote.overrides import overrides_for, recipe_for

    recipe, overrides = recipe_for(event), overrides_for(event, assignments or [])
    api = connected(url, api_key)
    if recipe.needs_gone_endpoint:
        with _gone_endpoint(api, bind, reachable_at) as endpoint:
            made = {"endpoint": endpoint, **_made(api, recipe, overrides)}
            told = _told(api, event, recipe, made, overrides)
    else:
        made = _made(api, recipe, overrides)
        told = _told(api, event, recipe, made, overrides)
    made.update({name: api.get(f"/{name}s/{made[name]['id']}") for name in _MOVING if name in made})
    if json:
        write_json({"event": told, **made})
    else:
        _show(told, made)


def _made(api: NativeApi, recipe: Recipe, overrides: Mapping[str, object]) -> dict[str, Answer]:
    """What each step answers with, by what it makes."""
    from kessai.cli.remote.overrides import body_of

    made: dict[str, Answer] = {}
    for step in recipe.steps:
        ids = {name: each["id"] for name, each in made.items()}
        body = {**body_of(step, overrides), **{name: ids[each] for name, each in step.names.items()}}
        answer = _asked(api, step, step.path.format(**ids), body)
        # Of what is gone, what it was is still to be told.
        made[step.makes] = {**made.get(step.makes, {}), **answer}
    return made


def _asked(api: NativeApi, step: Step, path: str, body: Mapping[str, object]) -> Answer:
    match step.method:
        case "POST":
            return api.post(path, body)
        case "PATCH":
            return api.patch(path, body)
        case "DELETE":
            return api.delete(path)
        case "GET":
            newest: Answer = api.get(path)["data"][0]
            return newest
        case _:
            assert_never(step.method)


def _told(
    api: NativeApi,
    event: str,
    recipe: Recipe,
    made: Mapping[str, Answer],
    overrides: Mapping[str, object],
) -> Answer:
    """The event, once it is there.

    Raises:
        CommandError: it does not come.
    """
    from threading import Event

    from kessai.adapters.clock import SystemClock

    subject = _subject(event)
    clock, patience = SystemClock(), Event()
    wait_s = _wait_s(recipe, overrides)
    patience_s = recipe.patience_s + wait_s
    if wait_s > _TOLD_OF_S:
        say(f"Waiting {wait_s:g} s for {event}. It comes without us too: Ctrl-C ends only this", error=True)
    until = clock.monotonic() + patience_s
    while (found := _found(api, event, made)) is None:
        if clock.monotonic() > until:
            raise CommandError(
                f"no {event} came of {subject} {made[subject]['id']}"
                + (f" within {patience_s:g} s" if patience_s else ""),
                exit_code=ExitCode.EXPECTATION_FAILED,
                hint="does a process of this gateway deliver webhooks (DISPATCH)?" if patience_s else None,
            )
        patience.wait(_LOOKS_APART_S)
    return found


def _subject(event: str) -> str:
    """What of the things that are made the event is about."""
    name = event.partition(".")[0]
    return name if name in _ABOUT else "payment"


def _wait_s(recipe: Recipe, overrides: Mapping[str, object]) -> float:
    """How long the objects themselves take to come to the event."""
    value = overrides.get(recipe.waits_for or "")
    return value if isinstance(value, int) else 0


def _found(api: NativeApi, event: str, made: Mapping[str, Answer]) -> Answer | None:
    """The newest event of this type about what was made."""
    subject = _subject(event)
    if subject in _ABOUT:
        about, whose = _ABOUT[subject], made[subject]["id"]
        query = {"created_from": made[subject]["created_at"]}
    else:
        about = "payment_id"
        whose = made["payment"]["id"]
        query = {about: whose}
    pages = api.newest("/webhooks/events", event=event, **query)
    return next((each for page in pages for each in page if each[about] == whose), None)


@contextmanager
def _gone_endpoint(api: NativeApi, bind: str, reachable_at: str | None) -> Iterator[Answer]:
    """An endpoint that is disabled by the first webhook it is sent; it is removed afterwards."""
    from kessai.cli.remote.gone import gone_receiver
    from kessai.cli.remote.registration import Registration

    with gone_receiver(bind, reachable_at) as url:
        description = "temporary: kessai trigger removes it when it ends"
        wanted = {"url": url, "events": ["payment.created"], "description": description}
        registration = Registration(api, wanted)
        # Whoever ends us early leaves no endpoint behind either.
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        endpoint = registration.make()
        try:
            yield {name: value for name, value in endpoint.items() if name != "secret"}
        finally:
            registration.remove()
            signal.signal(signal.SIGTERM, before)


def _show(told: Answer, made: Mapping[str, Answer]) -> None:
    from kessai.cli.remote.telling import amount_text

    out = console()
    for name, each in made.items():
        amount = f"{amount_text(each)}  " if "amount" in each else ""
        standing = next((each[word] for word in _STANDING if each.get(word)), "")
        out.print(f"{name.ljust(_WIDEST)} {each['id']}  {amount}{plain(standing)}")
    out.print(f"{'event'.ljust(_WIDEST)} {told['id']}  {told['event']}")
    out.print(f"\nWhere it went: kessai events show {told['id']}")
