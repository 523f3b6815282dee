"""What an app's server hands to the app for its customer: /v1/ephemeral_keys and /v1/customer_sessions.

Stripe's apps and Elements use them against Stripe's own servers; nothing here is opened with one.

Source: Stripe API reference, "Ephemeral Keys" and "Customer Session", and Stripe, "Accept in-app payments",
read 2026-11-26.
"""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing, required
from kessai.dialects.stripe.ids import decode
from kessai.dialects.stripe.objects.customer_pass import customer_session, ephemeral_key
from kessai.dialects.stripe.routes.customers import living
from kessai.domain.customer import Customer
from kessai.domain.customer_pass import CustomerPass, PassForm
from kessai.domain.errors import NotFoundError
from kessai.http.call import Call

routes: Final = StripeRoutes()
_LIMIT_MAX: Final = 10


@routes.post("/v1/ephemeral_keys", "customer")
async def create_ephemeral_key(call: Call, given: Given) -> Result:
    """A key for a customer's app; its secret is shown now and never again."""
    customer = await _customer_of(call, given)
    made, change = call.services.customer_passes.create(customer, PassForm.KEY, {}, at=call.now)
    return Result(ephemeral_key(made, is_new=True), change, is_secret=True)


@routes.delete("/v1/ephemeral_keys/{key}")
async def delete_ephemeral_key(call: Call, given: Given, key: str) -> Result:
    """End a key before its time."""
    withdrawn, change = call.services.customer_passes.withdraw(await _found(call, key), at=call.now)
    return Result(ephemeral_key(withdrawn, is_new=False), change)


@routes.post("/v1/customer_sessions", "customer components")
async def create_customer_session(call: Call, given: Given) -> Result:
    """A session for what shows a customer's payment methods."""
    customer = await _customer_of(call, given)
    components = given["components"]
    limit = ((components.get("payment_element") or {}).get("features") or {}).get(
        "payment_method_redisplay_limit"
    )
    if limit is not None and not 1 <= limit <= _LIMIT_MAX:
        raise StripeError(
            f"The limit must be between 1 and {_LIMIT_MAX}.",
            param="components[payment_element][features][payment_method_redisplay_limit]",
            code="parameter_invalid_integer",
        )
    if not any((each or {}).get("enabled") for each in components.values()):
        raise StripeError("At least one component must be enabled.", param="components")
    made, change = call.services.customer_passes.create(customer, PassForm.SESSION, components, at=call.now)
    return Result(customer_session(made), change, is_secret=True)


async def _customer_of(call: Call, given: Given) -> Customer:
    name = given.get("customer")
    if not name:
        raise required("customer")
    return await living(call, name, param="customer", status=400)


async def _found(call: Call, key: str) -> CustomerPass:
    core_id = decode("ephkey", key)
    try:
        if core_id is not None:
            return await call.services.customer_passes.get(call.merchant.id, core_id)
    except NotFoundError:
        pass
    raise missing("ephemeral key", key, param="key", status=404)
