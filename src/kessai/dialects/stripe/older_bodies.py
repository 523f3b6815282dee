"""Bodies of webhooks for endpoints that asked for another version of the API than the one that is spoken.

Source: Stripe API reference, "Create a webhook endpoint", `api_version`, read 2026-11-27.
"""

from __future__ import annotations

from kessai.dialects.stripe.ids import decode
from kessai.dialects.stripe.objects.charge import is_charge
from kessai.dialects.stripe.objects.lists import charges_in, nothing_in, refunds_in, sources_in
from kessai.dialects.stripe.objects.payment_source import is_source
from kessai.dialects.stripe.shape import Object
from kessai.dialects.stripe.versions import lacking
from kessai.domain.surroundings import Look


def in_version(told: Object, version: str, look: Look, public_url: str) -> Object:
    """An event as an endpoint of this version hears of it, its object with the members that it still had."""
    for found, name in lacking(told["data"]["object"], version):
        found[name] = _list(found, name, look, public_url)
    return {**told, "api_version": version}


def _list(parent: Object, name: str, look: Look, public_url: str) -> Object:
    match parent["object"], name:
        case "payment_intent", "charges":
            found = [each for each in look().payments if is_charge(each)]
            return charges_in(parent, found, public_url, is_counted=True)
        case "charge", "refunds":
            payment_id = _core_id(parent["id"])
            given = [each for each in look().refunds if each.payment_id == payment_id]
            return refunds_in(parent, given, is_counted=True)
        case "customer", "sources":
            kept = [each for each in look().instruments if is_source(each)]
            return sources_in(parent, kept, is_counted=True)
        case _:
            return nothing_in(parent, name, is_counted=True)


def _core_id(object_id: str) -> str | None:
    return decode(object_id.partition("_")[0], object_id)
