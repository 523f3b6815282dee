"""Webhook endpoints: /v1/webhook_endpoints.

Source: Stripe API reference, "Webhook Endpoints", read 2026-11-26.

They are the gateway's own, in this dialect. Those that the native API made are not to be seen here, and its
lists have none of these; it finds one by id, and so rolls its secret, for which this API has no operation.
"""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, not_simulated, repeated
from kessai.dialects.stripe.facts import given_of, metadata_of
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.webhook_endpoint import webhook_endpoint as shown
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.shape import deleted
from kessai.domain.endpoint import ENDPOINTS_MAX, Endpoint
from kessai.domain.errors import ConflictError, InvalidFieldError
from kessai.http.call import Call
from kessai.services.endpoints import EndpointFacts

routes: Final = StripeRoutes()
DIALECT: Final = "stripe"
_SCHEDULE: Final = "stripe"
_DESCRIBED: Final = "url enabled_events description metadata"
_DESCRIPTION_MAX: Final = 500
"""Characters. The original takes 5000."""


@routes.post("/v1/webhook_endpoints", f"{_DESCRIBED} api_version connect")
async def create_webhook_endpoint(call: Call, given: Given) -> Result:
    """A new endpoint, whose secret is shown this once.

    `api_version` is what its bodies are written in; without it, the newest.
    """
    if given.get("connect"):
        raise not_simulated("An endpoint that hears of connected accounts", param="connect")
    facts = _facts(given)
    details: dict[str, Any] = {"metadata": metadata_of(given, {})}
    if "api_version" in given:
        details["api_version"] = given["api_version"]
    try:
        made, secret, change = await call.services.endpoints.create(
            call.merchant.id,
            {**facts, "retry_schedule": _SCHEDULE, "details": details},
            dialect=DIALECT,
            at=call.now,
        )
    except InvalidFieldError as error:
        raise _invalid(error) from None
    except ConflictError:
        raise StripeError(
            f"You have reached the maximum of {ENDPOINTS_MAX} test webhook endpoints."
        ) from None
    return Result({**shown(made), "secret": secret}, change, is_secret=True)


@routes.get("/v1/webhook_endpoints/{webhook_endpoint}")
async def retrieve_webhook_endpoint(call: Call, given: Given, webhook_endpoint: str) -> Result:
    """An endpoint that was not deleted."""
    return Result(shown(await found_endpoint(call, webhook_endpoint)))


@routes.post("/v1/webhook_endpoints/{webhook_endpoint}", f"{_DESCRIBED} disabled")
async def update_webhook_endpoint(call: Call, given: Given, webhook_endpoint: str) -> Result:
    """Change what is given. One that is enabled again begins with a clean slate."""
    known = await found_endpoint(call, webhook_endpoint)
    facts = _facts(given)
    if "disabled" in given:
        facts["enabled"] = not given["disabled"]
    details = known.details or {}
    facts["details"] = {**details, "metadata": metadata_of(given, details.get("metadata", {}))}
    try:
        changed, change = await call.services.endpoints.update(call.merchant.id, known.id, facts, at=call.now)
    except InvalidFieldError as error:
        raise _invalid(error) from None
    return Result(shown(changed), change)


@routes.delete("/v1/webhook_endpoints/{webhook_endpoint}")
async def delete_webhook_endpoint(call: Call, given: Given, webhook_endpoint: str) -> Result:
    """Forget it; what was still on its way there is canceled."""
    known = await found_endpoint(call, webhook_endpoint)
    _, change = await call.services.endpoints.delete(call.merchant.id, known.id, at=call.now)
    return Result(deleted("webhook_endpoint", encode("we", known.id)), change)


@routes.get("/v1/webhook_endpoints", PAGED)
async def list_webhook_endpoints(call: Call, given: Given) -> Result:
    """Newest first."""
    wanted = await wanted_of(call, given, "webhook_endpoint")
    limit = limit_of(given)
    # A merchant has few: they are read whole, and a page is cut from them.
    every = await call.services.endpoints.list(
        call.merchant.id, before=None, limit=ENDPOINTS_MAX, dialect=DIALECT
    )
    before, after = wanted.before, wanted.after
    within = [each for each in every if before is None or each.id < before]
    if after is not None:
        within = [each for each in within if each.id > after][-limit - 1 :]
    return Result(page_of(call, given, "/v1/webhook_endpoints", "webhook_endpoint", within[: limit + 1]))


async def found_endpoint(
    call: Call, endpoint_id: str, *, param: str = "webhook_endpoint", status: int = 404
) -> Endpoint:
    """An endpoint of this API.

    Raises:
        StripeError: there is none.
    """
    found: Endpoint | None = await find(call, "webhook_endpoint", endpoint_id)
    if found is None:
        raise StripeError(
            f"No such webhook endpoint: '{repeated(endpoint_id)}'",
            param=param,
            code="resource_missing",
            status=status,
        )
    return found


def _facts(given: Given) -> EndpointFacts:
    facts: EndpointFacts = {}
    if "url" in given:
        facts["url"] = given["url"]
    if "enabled_events" in given:
        facts["events"] = given["enabled_events"]
    if "description" in given:
        description = given_of(given, "description")["description"]
        if description is not None and len(description) > _DESCRIPTION_MAX:
            raise StripeError(
                f"Invalid string: must be at most {_DESCRIPTION_MAX} characters.", param="description"
            )
        facts["description"] = description
    return facts


def _invalid(error: InvalidFieldError) -> StripeError:
    """The core's refusal of a URL, or of events."""
    if error.param == "url":
        return StripeError(f"Invalid URL: {error.message}.", param="url", code="url_invalid")
    return StripeError(f"Invalid enabled_events: {error.message}.", param="enabled_events")
