"""What an object has only when it is asked for, by `expand[]` or an older version: lists, and a balance."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from kessai.dialects.stripe.attaching import is_source
from kessai.dialects.stripe.kinds import KINDS, find, new_in
from kessai.dialects.stripe.objects.charge import charge, is_charge
from kessai.dialects.stripe.objects.checkout_session import line_item
from kessai.dialects.stripe.objects.payment_source import payment_source
from kessai.dialects.stripe.objects.refund import refund
from kessai.dialects.stripe.shape import Object, list_object
from kessai.domain.change import Change
from kessai.domain.saved_instrument import SavedInstrument
from kessai.http.call import Call
from kessai.storage.scanning import Wanted

Found = tuple[str, Sequence[Object]]
"""The address of a list and what it has, the first of it at least."""
Read = Callable[[Call, Object, Change, int], Awaitable[Found]]
_FIRST: Final = 10
"""As many as the API shows of a list inside an object."""
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
    found: Found = (f"/v1/{parent['object']}s/{parent['id']}/{name}", ())
    if (read := _READ.get(key)) is not None:
        found = await read(call, parent, change or Change(), _COUNTED_MAX if is_counted else _FIRST)
    url, every = found
    shown = list_object(url, every[:_FIRST], has_more=len(every) > _FIRST)
    return {**shown, "total_count": len(every)} if is_counted else shown


async def _charges(call: Call, parent: Object, change: Change, limit: int) -> Found:
    intent_id = KINDS["payment_intent"].core_id(parent["id"])
    found = await call.services.payments.tries(
        call.merchant.id, Wanted(), intent_id=intent_id, limit=limit, where=is_charge
    )
    new = change.payment
    is_shown = new is not None and new.order.intent_id == intent_id and is_charge(new)
    known = ([new] if new and is_shown else []) + [each for each in found if new is None or each.id != new.id]
    shown = [charge(each, call.services.public_url) for each in known]
    return f"/v1/charges?payment_intent={parent['id']}", shown


async def _refunds(call: Call, parent: Object, change: Change, limit: int) -> Found:
    payment_id = KINDS["charge"].core_id(parent["id"])
    found = await call.services.payments.refunds(
        call.merchant.id, Wanted(), payment_id=payment_id, limit=limit
    )
    new = change.refund
    known = ([new] if new and new.payment_id == payment_id else []) + [
        each for each in found if new is None or each.id != new.id
    ]
    shown = [refund(each, call.services.public_url) for each in known]
    return f"/v1/charges/{parent['id']}/refunds", shown


async def _sources(call: Call, parent: Object, change: Change, limit: int) -> Found:
    customer_id = KINDS["customer"].core_id(parent["id"])
    found = await call.services.instruments.list(
        call.merchant.id, Wanted(owner_id=customer_id), limit=limit, where=is_source
    )
    moved = {each.id: each for each in change.records if isinstance(each, SavedInstrument)}
    mine = [each for each in moved.values() if each.customer_id == customer_id and is_source(each)]
    known = mine + [each for each in found if each.id not in moved]
    return f"/v1/customers/{parent['id']}/sources", [payment_source(each) for each in known]


async def _lines(call: Call, parent: Object, change: Change, _limit: int) -> Found:
    kind, object_id = parent["object"], parent["id"]
    found = new_in(call, change, kind, object_id) or await find(call, kind, object_id)
    shown = [line_item(each) for each in found.lines] if found else []
    return f"/v1/{_LISTS_OF[kind]}/{object_id}/line_items", shown


_LISTS_OF: Final = {"checkout.session": "checkout/sessions", "payment_link": "payment_links"}
_READ: Final[Mapping[tuple[str, str], Read]] = {
    ("payment_intent", "charges"): _charges,
    ("charge", "refunds"): _refunds,
    ("checkout.session", "line_items"): _lines,
    ("customer", "sources"): _sources,
    ("payment_link", "line_items"): _lines,
}
