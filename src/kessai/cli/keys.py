"""`kessai keys`: for operators, when a merchant cannot help itself through the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kessai.cli.configuration import settings_from
from kessai.cli.failures import CommandError, ExitCode, usage_error
from kessai.cli.options import DatabaseUrl, Json, MerchantId
from kessai.cli.output import console, write_json, write_table, written

if TYPE_CHECKING:
    from kessai.bootstrap import Gateway
    from kessai.domain.change import Change
    from kessai.domain.merchant import Merchant

    Answer = dict[str, Any]
    Decide = Callable[[Gateway, Merchant], Awaitable[tuple[Answer, Change]]]

app = typer.Typer(no_args_is_help=True, help="Make keys, list, rotate and revoke them.")

KeyArgument = Annotated[str, typer.Argument(metavar="ID", help="Which key.")]


@app.command()
def create(
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What it is for.")] = None,
    merchant: MerchantId = None,
    db: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Make a key; its secret is shown this once."""
    from kessai.cli.arguments import checked_key_name
    from kessai.dialects.native.translate import issued_key_out

    checked = checked_key_name(name)

    async def decide(gateway: Gateway, whose: Merchant) -> tuple[Answer, Change]:
        issued, change = await gateway.services.merchants.create_key(
            whose, checked, None, at=gateway.clock.now()
        )
        return issued_key_out(issued.key, issued.secret_key), change

    _show_issued(_changed(decide, merchant, db), as_json=json)


@app.command()
def rotate(
    key_id: KeyArgument,
    grace_period_s: Annotated[
        int, typer.Option(min=0, metavar="SECONDS", help="How long the old secret works beside the new one.")
    ] = 0,
    merchant: MerchantId = None,
    db: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Give a key a new secret, which is shown this once."""
    from kessai.cli.arguments import checked_grace_s
    from kessai.dialects.native.translate import issued_key_out

    grace = timedelta(seconds=checked_grace_s(grace_period_s))

    async def decide(gateway: Gateway, whose: Merchant) -> tuple[Answer, Change]:
        issued, change = await gateway.services.merchants.rotate_key(
            whose, key_id, grace, at=gateway.clock.now()
        )
        return issued_key_out(issued.key, issued.secret_key), change

    _show_issued(_changed(decide, merchant, db), as_json=json)


@app.command()
def revoke(
    key_id: KeyArgument, merchant: MerchantId = None, db: DatabaseUrl = None, json: Json = False
) -> None:
    """Let a key open nothing any more. The last key that works stays."""
    from kessai.dialects.native.translate import key_out

    async def decide(gateway: Gateway, whose: Merchant) -> tuple[Answer, Change]:
        key, change = await gateway.services.merchants.revoke_key(whose, key_id, at=gateway.clock.now())
        return key_out(key), change

    key = _changed(decide, merchant, db)
    if json:
        write_json({"api_key": key})
    else:
        console().print(f"Revoked {key['public_key']} (its secret ended in {key['last4']})")


@app.command("list")
def list_(merchant: MerchantId = None, db: DatabaseUrl = None, json: Json = False) -> None:
    """List keys, newest first, without their secrets; revoked ones too."""
    from kessai.cli.opening import with_gateway
    from kessai.dialects.native.translate import key_out

    async def work(gateway: Gateway) -> list[Answer]:
        whose = await _merchant(gateway, merchant)
        return [key_out(key) for key in await gateway.services.merchants.keys(whose)]

    keys = with_gateway(settings_from(database_url=db), work)
    if json:
        write_json({"data": keys})
        return
    columns = ("id", "name", "public_key", "last4", "created_at", "last_used_at", "expires_at", "revoked_at")
    titles = ("id", "name", "public key", "ends in", "created", "last used", "expires", "revoked")
    write_table(titles, [[each[name] for name in columns] for each in keys], folding=1)


def _changed(decide: Decide, merchant_id: str | None, db: str | None) -> Answer:
    from kessai.cli.opening import committed, with_gateway

    async def work(gateway: Gateway) -> Answer:
        whose = await _merchant(gateway, merchant_id)
        return await committed(gateway, lambda: decide(gateway, whose))

    return with_gateway(settings_from(database_url=db), work)


async def _merchant(gateway: Gateway, merchant_id: str | None) -> Merchant:
    """The one that was named, or the only one there is."""
    if merchant_id is not None:
        return await gateway.services.merchants.get(merchant_id)
    merchants = await gateway.services.merchants.all(limit=2)
    if not merchants:
        raise CommandError(
            "there is no merchant yet",
            exit_code=ExitCode.EXPECTATION_FAILED,
            hint="make one: kessai merchants create --name NAME",
        )
    if len(merchants) > 1:
        raise usage_error(
            "there are several merchants: say which one with --merchant ID", hint="kessai merchants list"
        )
    return merchants[0]


def _show_issued(key: Answer, *, as_json: bool) -> None:
    if as_json:
        write_json({"api_key": key})
        return
    out = console()
    out.print(f"Key         {key['id']}" + (f"  {key['name']}" if key["name"] else ""))
    out.print(f"Secret key  {key['secret_key']}  (shown this once)")
    out.print(f"Public key  {key['public_key']}")
    if key["previous_expires_at"]:
        out.print(f"The old secret works until {written(key['previous_expires_at'])}")
