"""`kessai secrets`: for operators who change API_SECRET_KEY."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from kessai.cli.configuration import settings_from
from kessai.cli.failures import ExitCode
from kessai.cli.options import DatabaseUrl, Json
from kessai.cli.output import console, write_json

if TYPE_CHECKING:
    from kessai.bootstrap import Gateway
    from kessai.services.resealing import Resealed

app = typer.Typer(no_args_is_help=True, help="Change API_SECRET_KEY without losing what it protects.")


# A callback keeps the command's name in its path, though it is the only one.
@app.callback()
def _secrets() -> None:
    """Change API_SECRET_KEY without losing what it protects."""


@app.command()
def rotate(db: DatabaseUrl = None, json: Json = False) -> None:
    """Seal under API_SECRET_KEY what is sealed under an API_SECRET_KEY_PREVIOUS.

    Tells which API keys are still kept under an earlier one: each moves when it is used.
    Exit code 1 when something can be opened by none of them.
    """
    from kessai.cli.opening import with_gateway

    async def work(gateway: Gateway) -> Resealed:
        return await gateway.resealing.run()

    hint = "stop the server while its secrets are sealed anew; on PostgreSQL it may go on"
    resealed = with_gateway(settings_from(database_url=db), work, in_use_hint=hint)
    if json:
        write_json(_facts(resealed))
    else:
        for line in _lines(resealed):
            console().print(line)
    if resealed.unread_endpoints or resealed.unread_answers or resealed.moved:
        raise typer.Exit(ExitCode.EXPECTATION_FAILED)


def _facts(resealed: Resealed) -> dict[str, Any]:
    return {
        "resealed": {"endpoints": resealed.endpoints, "answers": resealed.answers},
        "unreadable": {
            "endpoints": list(resealed.unread_endpoints),
            "answers": [
                {"merchant_id": merchant_id, "idempotency_key": key}
                for merchant_id, key in resealed.unread_answers
            ],
        },
        "moved": resealed.moved,
        "api_keys_remaining": list(resealed.api_keys),
    }


def _lines(resealed: Resealed) -> Iterator[str]:
    yield f"Sealed anew: {resealed.endpoints} of endpoints, {resealed.answers} of stored answers."
    for endpoint_id in resealed.unread_endpoints:
        yield f"Endpoint {endpoint_id}: no key known opens its secret. Rotate it, or bring the key back."
    for merchant_id, key in resealed.unread_answers:
        yield f"Answer to idempotency key {key} of merchant {merchant_id}: no key known opens it."
    if resealed.moved:
        yield f"{resealed.moved} rows were being changed by others each time: run this again."
    if not resealed.api_keys:
        yield "Every API key is kept under API_SECRET_KEY: the previous ones can be dropped."
        return
    yield f"{len(resealed.api_keys)} API keys are not known to be kept under it until they are used once:"
    yield from (f"  {public_key}" for public_key in resealed.api_keys)
