"""Customers: who pays more than once; declared, the exchange runs it."""

from __future__ import annotations

from typing import Annotated, Final

from kessai.dialects.native import payer_examples as examples
from kessai.dialects.native.errors import reading, writing
from kessai.dialects.native.examples import PAYMENT, answers, asks, page_of
from kessai.dialects.native.paging import decode_cursor, page, page_after
from kessai.dialects.native.payer_schemas import (
    CustomerIn,
    CustomerOut,
    CustomerPage,
    CustomerPatch,
    CustomerQuery,
    DeletedOut,
    InstrumentPage,
)
from kessai.dialects.native.payer_translate import customer_facts, customer_out, instrument_out
from kessai.dialects.native.schemas import ListQuery, PaymentPage
from kessai.dialects.native.translate import masked, payment_out
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router
from kessai.storage.scanning import Wanted

router: Final = Router(tags=["customers"])


@router.post(
    "/customers",
    operation_id="create_customer",
    summary="Make a customer",
    status_code=201,
    response_model=CustomerOut,
    responses={**writing(), **answers(201, examples.CUSTOMER)},
    openapi_extra=asks(
        named={"name": "Hanako Yamada", "email": "customer@example.com", "metadata": {"plan": "gold"}}
    ),
)
async def create_customer(call: Call, body: CustomerIn | None = None) -> Reply:
    """Nothing is required, and several may have the same address. The body may be absent."""
    made, change = call.services.customers.create(
        call.merchant.id, customer_facts(body or CustomerIn()), at=call.now
    )
    return Reply(201, customer_out(made), change)


@router.get(
    "/customers",
    operation_id="list_customers",
    summary="List customers, newest first",
    response_model=CustomerPage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.CUSTOMER))},
)
async def list_customers(call: Call, query: Annotated[CustomerQuery, Query()]) -> Reply:
    """Deleted ones are left out. An address is compared as it was sent, capitals and all."""
    wanted = Wanted(lookup=masked(query.email), before=decode_cursor(query.cursor))
    found = await call.services.customers.list(call.merchant.id, wanted, limit=query.limit)
    return Reply(200, page(found, query.limit, customer_out))


@router.get(
    "/customers/{customer_id}",
    operation_id="get_customer",
    summary="Get a customer",
    response_model=CustomerOut,
    responses={**reading("NOT_FOUND"), **answers(200, examples.CUSTOMER)},
)
async def get_customer(call: Call, customer_id: str) -> Reply:
    """Another merchant's customer, a deleted and an unknown one give the same 404."""
    return Reply(200, customer_out(await call.services.customers.living(call.merchant.id, customer_id)))


@router.patch(
    "/customers/{customer_id}",
    operation_id="update_customer",
    summary="Change a customer",
    response_model=CustomerOut,
    responses={**writing("NOT_FOUND"), **answers(200, examples.CUSTOMER)},
    openapi_extra=asks(
        address={"email": "hanako@example.com"}, default={"default_instrument_id": examples.INSTRUMENT_ID}
    ),
)
async def update_customer(call: Call, customer_id: str, body: CustomerPatch) -> Reply:
    """Only what is sent changes. `default_instrument_id` pays where a payment names nothing else."""
    changed, change = await call.services.payers.update(
        call.merchant.id, customer_id, customer_facts(body), at=call.now
    )
    return Reply(200, customer_out(changed), change)


@router.delete(
    "/customers/{customer_id}",
    operation_id="delete_customer",
    summary="Delete a customer",
    response_model=DeletedOut,
    responses={
        **reading("NOT_FOUND", "CONFLICT", "STORAGE_FULL"),
        **answers(200, examples.CUSTOMER_DELETED),
    },
)
async def delete_customer(call: Call, customer_id: str) -> Reply:
    """Their payments stay and still name them; their instruments pay no more."""
    gone, change = await call.services.customers.delete(call.merchant.id, customer_id, at=call.now)
    return Reply(200, {"id": gone.id, "deleted": True}, change)


@router.get(
    "/customers/{customer_id}/instruments",
    operation_id="list_customer_instruments",
    summary="List a customer's instruments, newest first",
    response_model=InstrumentPage,
    responses={**reading("NOT_FOUND", "VALIDATION_FAILED"), **answers(200, page_of(examples.INSTRUMENT))},
)
async def list_customer_instruments(
    call: Call, customer_id: str, query: Annotated[ListQuery, Query()]
) -> Reply:
    """Those that are attached now."""
    customer = await call.services.customers.living(call.merchant.id, customer_id)
    wanted = Wanted(owner_id=customer.id, before=decode_cursor(query.cursor))
    found = await call.services.instruments.list(call.merchant.id, wanted, limit=query.limit)
    return Reply(200, page(found, query.limit, instrument_out))


@router.get(
    "/customers/{customer_id}/payments",
    operation_id="list_customer_payments",
    summary="List a customer's payments, newest first",
    response_model=PaymentPage,
    responses={**reading("NOT_FOUND", "VALIDATION_FAILED"), **answers(200, page_of(PAYMENT))},
)
async def list_customer_payments(call: Call, customer_id: str, query: Annotated[ListQuery, Query()]) -> Reply:
    """A deleted customer's, too; follow `next_cursor` for more.

    A page looks at no more than 20,000 payments, and may be short or empty while `has_more` is true.
    """
    found = await call.services.payers.payments(
        call.merchant.id, customer_id, before=decode_cursor(query.cursor), limit=query.limit
    )
    return Reply(
        200,
        page_after(found.found, found.last, lambda payment: payment_out(payment, call.services.public_url)),
    )
