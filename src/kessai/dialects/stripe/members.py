"""Lists that are members of an object only when they are asked for: by `expand[]`, or by an older version."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from kessai.dialects.stripe.kinds import KINDS, find, new_in
from kessai.dialects.stripe.objects.charge import is_charge
from kessai.dialects.stripe.objects.checkout_session import line_item
from kessai.dialects.stripe.objects.lists import FIRST, charges_in, nothing_in, refunds_in, sources_in
from kessai.dialects.stripe.objects.payment_source import is_source
from kessai.dialects.stripe.shape import Object, list_object
from kessai.domain.change import Change
from kessai.domain.saved_instrument import SavedInstrument
from kessai.http.call import Call
from kessai.storage.scanning import Wanted

Member = Callable[[Call, Object, Change], Awaitable[Object]]


async def member(call: Call, parent: Object, name: str, change: Change | None = None) -> Object:
    """The list that `name` stands for in an object; an empty one where kessai keeps none.

    `change` is what the same request writes, and is in the list already.
    """
    made = _MEMBERS.get((parent["object"], name))
    if made is None:
        return nothing_in(parent, name)
    return await made(call, parent, change or Change())


async def _charges(call: Call, parent: Object, change: Change) -> Object:
    intent_id = KINDS["payment_intent"].core_id(parent["id"])
    found = await call.services.payments.tries(
        call.merchant.id, Wanted(), intent_id=intent_id, limit=FIRST, where=is_charge
    )
    new = change.payment
    is_shown = new is not None and new.order.intent_id == intent_id and is_charge(new)
    known = ([new] if new and is_shown else []) + [each for each in found if new is None or each.id != new.id]
    return charges_in(parent, known, call.services.public_url)


async def _refunds(call: Call, parent: Object, change: Change) -> Object:
    payment_id = KINDS["charge"].core_id(parent["id"])
    found = await call.services.payments.refunds(
        call.merchant.id, Wanted(), payment_id=payment_id, limit=FIRST
    )
    new = change.refund
    known = ([new] if new and new.payment_id == payment_id else []) + [
        each for each in found if new is None or each.id != new.id
    ]
    return refunds_in(parent, known)


async def _sources(call: Call, parent: Object, change: Change) -> Object:
    customer_id = KINDS["customer"].core_id(parent["id"])
    found = await call.services.instruments.list(
        call.merchant.id, Wanted(owner_id=customer_id), limit=FIRST, where=is_source
    )
    moved = {each.id: each for each in change.records if isinstance(each, SavedInstrument)}
    mine = [each for each in moved.values() if each.customer_id == customer_id and is_source(each)]
    known = mine + [each for each in found if each.id not in moved]
    return sources_in(parent, known)


async def _lines(call: Call, parent: Object, change: Change) -> Object:
    kind, object_id = parent["object"], parent["id"]
    found = new_in(call, change, kind, object_id) or await find(call, kind, object_id)
    shown = [line_item(each) for each in found.lines] if found else []
    url = f"/v1/{_LISTS_OF[kind]}/{object_id}/line_items"
    return list_object(url, shown[:FIRST], has_more=len(shown) > FIRST)


_LISTS_OF: Final = {"checkout.session": "checkout/sessions", "payment_link": "payment_links"}
_MEMBERS: Final[Mapping[tuple[str, str], Member]] = {
    ("payment_intent", "charges"): _charges,
    ("charge", "refunds"): _refunds,
    ("checkout.session", "line_items"): _lines,
    ("customer", "sources"): _sources,
    ("payment_link", "line_items"): _lines,
}
