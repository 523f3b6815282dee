"""The Stripe API with another merchant's ids: beside each request of a walk the same with theirs."""

from __future__ import annotations

import json
from typing import Any, Final

import httpx

from kessai.dialects.stripe.kinds import KINDS
from kessai.dialects.stripe.routes import every_route
from tests.api.stripe_dialect.conftest import Stripe
from tests.prove.native_document import PREFIX
from tests.prove.tenant_pairs import Pairs
from tests.prove.walked import Asked, Hands, LeavingWalk, walk_through
from tests.support.places import Place, stripe_places
from tests.support.stripe_forms import form

_CURSOR: Final = "page"
"""Says after what to go on, whether it is there or not."""
_NAMES: Final = frozenset(
    {
        *(name.rpartition(".")[2] for name in KINDS),
        *("starting_after", "ending_before", "default_source", "default_payment_method", "default_price"),
        *("client_secret", "payment_link", "latest_charge", "id", _CURSOR),
    }
)
"""What parameters that name something are called. `look_for_more` finds out what is missing here."""
_ACCOUNTS: Final = "/v1/accounts/"
"""Stripe says of all but one's own that there is no access, whether there are such or not."""
_ENDPOINTS: Final = f"{PREFIX}/webhooks/endpoints"
"""Those of both APIs."""
_LISTENING: Final = "POST /v1/webhook_endpoints"
HINDERED: Final = "a walk is hindered by what another merchant did"
UNLISTED: Final = "a parameter names something and is not listed"
_PLACES: Final = {(each.method, each.template): stripe_places(each) for each in every_route()}


async def try_stripe(pairs: Pairs, hands: Hands) -> Shadowed:
    """Take the walk through all of the API; returns it, for more to be asked."""
    walk = Shadowed(Stripe(pairs.mine, None), pairs)
    try:
        await walk_through(walk, hands)
    except AssertionError as error:
        pairs.break_(HINDERED, str(error))
    await _with_account(pairs)
    return walk


async def _with_account(pairs: Pairs) -> None:
    """Acting for another merchant's account is acting for oneself: it is an id, and no permission."""
    for account in pairs.theirs.left.ids["acct"]:
        for path in ("/v1/customers", "/v1/account", "/v1/balance", "/v1/events"):
            await pairs.ask("GET", path, headers={"Stripe-Account": account})


class Shadowed(LeavingWalk):
    """Asks with the other merchant's ids before it asks with its own, once for each operation."""

    def __init__(self, stripe: Stripe, pairs: Pairs) -> None:
        super().__init__(stripe)
        self._first: dict[str, Asked] = {}
        self._pairs = pairs
        pairs.broken |= {UNLISTED: [], HINDERED: []}

    @property
    def covered(self) -> set[str]:
        """The operations that were asked."""
        return set(self._first)

    async def before(self, asked: Asked) -> None:
        """Put the other merchant's ids where an id is expected."""
        name = f"{asked.method} {asked.template}"
        if name in self._first:
            return
        self._first[name] = asked
        for slot, own in enumerate(asked.ids):
            await self._ask_in_path(name, asked, slot, own)
        if asked.ids:
            await self._ask_as_they_did(name, asked)
        for place in self._pairs.some([each for each in _places(asked) if each.leaf in _NAMES], 4):
            await self._ask_at(name, asked, place)
        await self._pairs.compare_rows(name)

    async def look_for_more(self) -> None:
        """Put unknown ids into all other texts: where one is missed, somebody's would be looked up.

        After the walk, whose steps build on each other: these requests may well be carried out. Nobody is
        told of what they make: there are too many of them.
        """
        await self._tell_nobody()
        for asked in self._first.values():
            name = f"{asked.method} {asked.template}"
            for place in self._pairs.some([each for each in _places(asked) if each.leaf not in _NAMES], 0):
                for _, theirs in self._pairs.some(list(self._pairs.theirs.stripe()), 1):
                    answer = await self._send(asked, place, self._pairs.unknown(theirs))
                    if answer.status_code == 400 and _is_missed(place, answer.text):
                        self._pairs.break_(UNLISTED, f"{name}: {place.name}")
                    if name == _LISTENING and answer.is_success:
                        await self._tell_nobody()
            await self._pairs.compare_rows(name)

    async def _tell_nobody(self) -> None:
        endpoints = await self._pairs.ask("GET", _ENDPOINTS, params={"limit": 100})
        for each in endpoints.raise_for_status().json()["data"]:
            (await self._pairs.ask("DELETE", f"{_ENDPOINTS}/{each['id']}")).raise_for_status()

    async def _ask_in_path(self, name: str, asked: Asked, slot: int, own: str) -> None:
        prefix = _prefix(own)
        for kind, theirs in self._kinds_like(prefix):
            answer = await self._pairs.compare(
                name,
                f"id {slot} is a {kind}",
                theirs,
                lambda each: _request(
                    asked, asked.at((*asked.ids[:slot], each, *asked.ids[slot + 1 :])), asked.parameters
                ),
            )
            if kind == prefix:
                self._pairs.misses(name, answer, _missing(asked))

    async def _ask_as_they_did(self, name: str, asked: Asked) -> None:
        """Put together what belongs together: theirs, and what that holds."""
        theirs = self._pairs.theirs.asked(asked.method, asked.template)
        if theirs is None:
            return
        if asked.method == "GET":
            newest = asked.at(tuple(self._newest_like(each) for each in asked.ids))
            await self._pairs.is_read(name, theirs.path, newest)
        *holders, last = theirs.ids
        answer = await self._pairs.compare(
            name,
            "all ids are theirs",
            last,
            lambda each: _request(asked, asked.at((*holders, each)), asked.parameters),
        )
        self._pairs.misses(name, answer, _missing(asked))

    async def _ask_at(self, name: str, asked: Asked, place: Place) -> None:
        for kind, theirs in self._kinds_like(_prefix_of(place.leaf)):
            if place.leaf == _CURSOR:
                await self._send(asked, place, theirs)
                continue
            await self._pairs.compare(
                name,
                f"{place.name} is a {kind}",
                theirs,
                lambda each: _request(asked, asked.path, place.put(asked.parameters, each)),
            )

    async def _send(self, asked: Asked, place: Place, put: str) -> httpx.Response:
        method, path, more = _request(asked, asked.path, place.put(asked.parameters, put))
        return await self._pairs.ask(method, path, **more)

    def _newest_like(self, own: str) -> str:
        return self._pairs.theirs.left.ids[_prefix(own)][-1]

    def _kinds_like(self, prefix: str) -> list[tuple[str, str]]:
        """The other merchant's ids: those of the kind that belongs there first."""
        known = [
            *self._pairs.theirs.stripe(),
            *(("secret", each) for each in self._pairs.theirs.left.secrets[:2]),
        ]
        known.sort(key=lambda each: each[0] != prefix)
        return self._pairs.some(known, 2)


def _missing(asked: Asked) -> int:
    """The status of what is not there."""
    return 403 if asked.template.startswith(_ACCOUNTS) else 404


def _places(asked: Asked) -> list[Place]:
    return [each for each in _PLACES[asked.method, asked.template] if each.is_text]


def _prefix(an_id: str) -> str:
    return an_id.rpartition("_")[0]


def _prefix_of(leaf: str) -> str:
    kind = next((each for name, each in KINDS.items() if name.rpartition(".")[2] == leaf), None)
    return kind.prefixes[0] if kind else "secret" if leaf == "client_secret" else ""


def _request(asked: Asked, path: str, parameters: Any) -> tuple[str, str, dict[str, Any]]:
    fields = form(dict(parameters))
    fields.pop("headers", None)
    return asked.method, path, {"params": fields} if asked.method == "GET" else {"data": fields}


def _is_missed(place: Place, text: str) -> bool:
    """Whether what was put there is what the refusal is about."""
    error = json.loads(text)["error"]
    param = str(error.get("param", "")).partition("[")[0]
    return error.get("code") == "resource_missing" and param == place.way[0]
