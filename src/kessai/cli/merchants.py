"""`kessai merchants`: for operators, who make merchants and switch them off and on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kessai.cli.configuration import settings_from
from kessai.cli.failures import usage_error
from kessai.cli.options import DatabaseUrl, Json
from kessai.cli.output import console, write_json, write_table

if TYPE_CHECKING:
    from kessai.bootstrap import Gateway
    from kessai.domain.change import Change
    from kessai.domain.merchant import Merchant
    from kessai.services.merchants import IssuedKey

app = typer.Typer(no_args_is_help=True, help="Make merchants, list them, switch them off and on.")

MerchantArgument = Annotated[str, typer.Argument(metavar="ID", help="Which merchant.")]


@app.command()
def create(
    name: Annotated[str, typer.Option(metavar="NAME", help="What it is called.")],
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Whom to write to.")] = None,
    currency: Annotated[
        str, typer.Option(metavar="CODE", help="ISO 4217 code used when a payment names none.")
    ] = "INR",
    api_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Its secret key.", show_default="a random one")
    ] = None,
    db: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Make a merchant with its first key, whose secret is shown this once."""
    from kessai.cli.arguments import checked_merchant, checked_secret_key
    from kessai.cli.opening import committed, with_gateway
    from kessai.cli.secret_keys import is_known
    from kessai.dialects.native.translate import issued_key_out, merchant_out

    settings = settings_from(database_url=db)
    facts = checked_merchant(name, email, currency)
    secret_key = checked_secret_key(api_key, settings)

    async def work(gateway: Gateway) -> tuple[Merchant, IssuedKey]:
        if secret_key is not None and await is_known(gateway, secret_key):
            raise usage_error("--api-key is taken: a secret key opens one merchant's door")

        async def decide() -> tuple[tuple[Merchant, IssuedKey], Change]:
            merchant, issued, change = gateway.services.merchants.create(
                facts.name,
                email=facts.email,
                currency=facts.default_currency,
                secret_key=secret_key,
                at=gateway.clock.now(),
            )
            return (merchant, issued), change

        return await committed(gateway, decide)

    merchant, issued = with_gateway(settings, work)
    if json:
        key = issued_key_out(issued.key, issued.secret_key)
        write_json({"merchant": merchant_out(merchant, None), "api_key": key})
        return
    out = console()
    out.print(f"Merchant    {merchant.id}  {merchant.name}")
    out.print(f"Secret key  {issued.secret_key}  (shown this once)")
    out.print(f"Public key  {issued.key.public_key}")


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="How many at most.")] = 100,
    db: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List merchants, oldest first."""
    from kessai.cli.opening import with_gateway
    from kessai.dialects.native.translate import merchant_out

    async def work(gateway: Gateway) -> list[dict[str, Any]]:
        service = gateway.services.merchants
        profiles = [await service.profile(merchant) for merchant in await service.all(limit)]
        return [merchant_out(profile.merchant, profile.webhook_url) for profile in profiles]

    merchants = with_gateway(settings_from(database_url=db), work)
    if json:
        write_json({"data": merchants})
        return
    columns = ("id", "name", "email", "default_currency", "is_active", "created_at")
    titles = ("id", "name", "email", "currency", "active", "created")
    write_table(titles, [[_shown(each[name]) for name in columns] for each in merchants], folding=1)


@app.command()
def activate(merchant_id: MerchantArgument, db: DatabaseUrl = None, json: Json = False) -> None:
    """Let a merchant in again."""
    _switch(merchant_id, db, is_active=True, as_json=json)


@app.command()
def deactivate(merchant_id: MerchantArgument, db: DatabaseUrl = None, json: Json = False) -> None:
    """Refuse every request of a merchant; nothing is deleted."""
    _switch(merchant_id, db, is_active=False, as_json=json)


def _switch(merchant_id: str, db: str | None, *, is_active: bool, as_json: bool) -> None:
    from kessai.cli.opening import committed, with_gateway
    from kessai.dialects.native.translate import merchant_out

    async def work(gateway: Gateway) -> dict[str, Any]:
        service = gateway.services.merchants

        async def decide() -> tuple[dict[str, Any], Change]:
            merchant = await service.get(merchant_id)
            profile, change = await service.update(merchant, {"is_active": is_active}, at=gateway.clock.now())
            return merchant_out(profile.merchant, profile.webhook_url), change

        return await committed(gateway, decide)

    merchant = with_gateway(settings_from(database_url=db), work)
    if as_json:
        write_json({"merchant": merchant})
    else:
        console().print(f"{merchant['name']} ({merchant_id}) is {'active' if is_active else 'not active'}")


def _shown(value: object) -> object:
    return ("yes" if value else "no") if isinstance(value, bool) else value
