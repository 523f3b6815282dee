"""`kessai events`: what happened, where it went, telling it again, and watching as it happens."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kessai.cli.failures import CommandError, ExitCode, usage_error
from kessai.cli.options import Json, ServerKey, ServerUrl
from kessai.cli.output import as_long_as_read, console, say, write_json

if TYPE_CHECKING:
    from kessai.cli.remote.api import Answer, NativeApi
    from kessai.cli.remote.tail import Tail

app = typer.Typer(no_args_is_help=True, help="See events, where they went, and send them again.")

EventType = Annotated[str | None, typer.Option("--type", metavar="EVENT", help="Only events of this type.")]
EventId = Annotated[str, typer.Argument(metavar="ID", help="Which event.")]

_PAGES_MAX: Final = 40
"""Looks for what is rare end here: 100,000 events, and less than half of the requests of a minute."""
_LIMIT_MAX: Final = 10_000
_LOOKS_APART_S: Final = 0.5
_LOOKS_APART_LIMITED_S: Final = 2.0
"""Under the default rate limit, watching takes less than a third of what the merchant may ask."""


@app.command("list")
def list_(
    type_: EventType = None,
    payment: Annotated[
        str | None, typer.Option("--payment", metavar="ID", help="Only events of this payment.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=_LIMIT_MAX, help="How many at most.")] = 20,
    url: ServerUrl = None,
    api_key: ServerKey = None,
    json: Json = False,
) -> None:
    """List events, newest first. Of a rare type those among the newest 100,000 events."""
    from kessai.cli.remote.api import PAGE_MAX, connected
    from kessai.cli.remote.telling import event_line

    api = connected(url, api_key)
    events: list[Answer] = []
    query = {"event": type_, "payment_id": payment, "limit": min(limit, PAGE_MAX)}
    for page in islice(api.newest("/webhooks/events", **query), _PAGES_MAX):
        events += page
        if len(events) >= limit:
            break
    if json:
        write_json({"data": events[:limit]})
    elif not events:
        say("No such event yet. `kessai trigger payment.succeeded` makes one.")
    else:
        with as_long_as_read():
            for event in events[:limit]:
                say(event_line(event))


@app.command()
def show(event_id: EventId, url: ServerUrl = None, api_key: ServerKey = None, json: Json = False) -> None:
    """Show an event: its body, and every attempt to deliver it."""
    from kessai.cli.remote.api import connected
    from kessai.cli.remote.report import show_event

    api = connected(url, api_key)
    event = api.get(f"/webhooks/events/{_checked_id(event_id)}")
    if json:
        write_json(event)
    else:
        show_event(event, _addresses(api))


@app.command()
def resend(event_id: EventId, url: ServerUrl = None, api_key: ServerKey = None, json: Json = False) -> None:
    """Send an event again, to every endpoint that had it or would hear it now.

    The id and the body are the same, the time and the signature are new.
    """
    from kessai.cli.remote.api import connected

    api = connected(url, api_key)
    sent = api.post(f"/webhooks/events/{_checked_id(event_id)}/redeliver")
    if json:
        write_json(sent)
        return
    addresses = _addresses(api)
    for delivery in sent["data"]:
        endpoint_id = delivery["endpoint_id"]
        console().print(f"Sending {delivery['event']} again to {addresses.get(endpoint_id, endpoint_id)}")
    console().print(f"What becomes of it: kessai events show {event_id}")


@app.command()
def tail(
    type_: EventType = None, url: ServerUrl = None, api_key: ServerKey = None, json: Json = False
) -> None:
    """Print new events as they happen, until Ctrl-C.

    None is missed and none is printed twice, even if the server is away for a while.
    """
    from kessai.cli.remote.api import connected
    from kessai.cli.remote.tail import Tail
    from kessai.cli.remote.telling import event_line

    api = connected(url, api_key)
    watched = Tail(api, type_)
    with as_long_as_read(), _until_interrupted() as interrupted:
        # What is wrong with the key or the type is wrong at once.
        watched.look()
        say(f"Watching events of {api.base_url}, Ctrl-C ends it", error=True)
        for event in _followed(watched, api, interrupted):
            if json:
                write_json(event)
            else:
                say(event_line(event))


def _followed(watched: Tail, api: NativeApi, interrupted: list[int]) -> Iterator[Answer]:
    """New events until a signal; while the server is away it is told of once, on stderr."""
    from threading import Event

    from kessai.cli.remote.api import passes

    patience = Event()
    is_away = False
    while not interrupted:
        patience.wait(_LOOKS_APART_LIMITED_S if api.is_limited else _LOOKS_APART_S)
        try:
            fresh = watched.look()
        except CommandError as error:
            if not passes(error):
                raise
            patience.wait(getattr(error, "retry_after_s", 0))
            if not is_away and error.exit_code is ExitCode.UNREACHABLE:
                is_away = True
                say(f"{error.message}; waiting for it to come back", error=True)
            continue
        if is_away:
            is_away = False
            say(f"{api.base_url} is back", error=True)
        yield from fresh


@contextmanager
def _until_interrupted() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM are the usual end and no failure; the signals that came.

    A signal that comes while Python cleans something up is lost as an exception, so it is noted as well.
    """
    came: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        del frame
        came.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _checked_id(event_id: str) -> str:
    from kessai.domain.ids import canonical

    known = canonical(event_id)
    if known is None:
        raise usage_error(f"{event_id} is no id of an event", hint="`kessai events list` shows them")
    return known


def _addresses(api: NativeApi) -> dict[str, str]:
    """The URL of each endpoint there is, by its id."""
    from kessai.cli.output import plain

    pages = api.newest("/webhooks/endpoints")
    return {str(each["id"]): plain(each["url"]) for page in pages for each in page}
