"""What an object has only when it is asked for, by `expand[]` or an older version: lists, and a balance."""

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

Make = Callable[[Call, Object, Change, bool], Awaitable[Object]]
"""Whether it is counted comes last."""
_COUNTED_MAX: Final = 1_000
"""Where a list is counted, no further: nothing has as many tries, refunds or sources."""
_NO_BALANCE: Final = ("customer", "invoice_credit_balance")
"""What invoices left on a customer's account, by currency: invoices are not simulated."""


async def member(
    call: Call, parent: Object, name: str, change: Change | None = None, *, is_counted: bool = False
) -> Object:
    """What `name` stands for in an object; an empty list where kessai keeps none.

    `change` is what the same request writes, and is in the list already. `is_counted`: it says how many there
    are in all.
    """
    key = (parent["object"], name)
    if key == _NO_BALANCE:
        return {}
    if (make := _MEMBERS.get(key)) is None:
        return nothing_in(parent, name, is_counted=is_counted)
    return await make(call, parent, change or Change(), is_counted)


def _limit(is_counted: bool) -> int:
    return _COUNTED_MAX if is_counted else FIRST


async def _charges(call: Call, parent: Object, change: Change, is_counted: bool) -> Object:
    intent_id = KINDS["payment_intent"].core_id(parent["id"])
    found = await call.services.payments.tries(
        call.merchant.id, Wanted(), intent_id=intent_id, limit=_limit(is_counted), where=is_charge
    )
    new = change.payment
    is_shown = new is not None and new.order.intent_id == intent_id and is_charge(new)
    known = ([new] if new and is_shown else []) + [each for each in found if new is None or each.id != new.id]
    return charges_in(parent, known, call.services.public_url, is_counted=is_counted)


async def _refunds(call: Call, parent: Object, change: Change, is_counted: bool) -> Object:
    payment_id = KINDS["charge"].core_id(parent["id"])
    found = await call.services.refunds.list(
        call.merchant.id, Wanted(), payment_id=payment_id, limit=_limit(is_counted)
    )
    new = change.refund
    known = ([new] if new and new.payment_id == payment_id else []) + [
        each for each in found if new is None or each.id != new.id
    ]
    return refunds_in(parent, known, is_counted=is_counted)


async def _sources(call: Call, parent: Object, change: Change, is_counted: bool) -> Object:
    customer_id = KINDS["customer"].core_id(parent["id"])
    found = await call.services.instruments.list(
        call.merchant.id, Wanted(owner_id=customer_id), limit=_limit(is_counted), where=is_source
    )
    moved = {each.id: each for each in change.records if isinstance(each, SavedInstrument)}
    mine = [each for each in moved.values() if each.customer_id == customer_id and is_source(each)]
    known = mine + [each for each in found if each.id not in moved]
    return sources_in(parent, known, is_counted=is_counted)


async def _lines(call: Call, parent: Object, change: Change, _is_counted: bool) -> Object:
    kind, object_id = parent["object"], parent["id"]
    found = new_in(call, change, kind, object_id) or await find(call, kind, object_id)
    shown = [line_item(each) for each in found.lines] if found else []
    url = f"/v1/{_LISTS_OF[kind]}/{object_id}/line_items"
    return list_object(url, shown[:FIRST], has_more=len(shown) > FIRST)


_LISTS_OF: Final = {"checkout.session": "checkout/sessions", "payment_link": "payment_links"}
_MEMBERS: Final[Mapping[tuple[str, str], Make]] = {
    ("payment_intent", "charges"): _charges,
    ("charge", "refunds"): _refunds,
    ("checkout.session", "line_items"): _lines,
    ("customer", "sources"): _sources,
    ("payment_link", "line_items"): _lines,
}
