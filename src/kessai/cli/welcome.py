"""What is said once a server is ready: where it is, what opens it, and a line to paste."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import kessai
from kessai.bootstrap import Gateway
from kessai.cli.environment import shown
from kessai.cli.failures import configuration_error
from kessai.cli.listening import Listening
from kessai.cli.output import console, write_json
from kessai.cli.secret_keys import opens
from kessai.settings import WELL_KNOWN_API_KEY


@dataclass(frozen=True, slots=True)
class Key:
    """The key to print, None if it is not ours to know, and a sentence about it."""

    secret_key: str | None
    remark: str | None = None


async def key_to_show(gateway: Gateway, first_key: str | None) -> Key:
    """The key that opens this gateway, if it was made just now or is one that we were told.

    Raises:
        CommandError: it is one that everybody knows, where others can reach us.
    """
    settings = gateway.settings
    is_private = settings.is_loopback and not settings.is_production
    if not is_private and await opens(gateway, WELL_KNOWN_API_KEY):
        raise configuration_error(
            f"everybody knows the key {WELL_KNOWN_API_KEY}, and it opens this database, "
            f"so it is not served on {settings.host}{' in production' if settings.is_production else ''}",
            hint="find the key with `kessai keys list`, give it a new secret with `kessai keys rotate ID`",
        )
    given = settings.api_key.get_secret_value() if settings.api_key else None
    known = given or (WELL_KNOWN_API_KEY if is_private else None)
    if first_key is not None:
        return Key(first_key, None if first_key == known else "made just now and shown this once: keep it")
    if known is not None and await opens(gateway, known):
        return Key(known)
    if await gateway.services.merchants.is_empty():
        return Key(None, "there is no merchant yet: kessai merchants create --name NAME")
    ignored = "API_KEY opens nothing here; " if given else ""
    return Key(None, f"{ignored}the one you know, for there are merchants already (kessai keys create)")


def announce(listening: Listening, gateway: Gateway, key: Key | None, *, as_json: bool) -> None:
    """Tell that connections are accepted; `key` is None for a dispatcher, which has no API."""
    base_url = listening.base_url
    # Whoever started us may have stopped listening; that is no reason not to serve.
    with suppress(OSError):
        if as_json:
            write_json(
                {
                    "event": "ready",
                    "base_url": base_url,
                    "api_key": key.secret_key if key else None,
                    "docs_url": f"{base_url}/docs" if key else None,
                }
            )
        elif key is None:
            _say_dispatching(base_url, gateway)
        else:
            _say_serving(base_url, gateway, key)


def _say_dispatching(base_url: str, gateway: Gateway) -> None:
    out = console()
    out.print(f"kessai {kessai.__version__} delivers webhooks", style="bold")
    out.print(f"\n  Health    {base_url}/readyz\n  Data      {_database(gateway)}\n")


def _say_serving(base_url: str, gateway: Gateway, key: Key) -> None:
    out = console()
    out.print(f"kessai {kessai.__version__} is ready. It takes no money.", style="bold")
    remark = f"({key.remark})" if key.secret_key and key.remark else key.remark or ""
    out.print(f"\n  API       {base_url}")
    out.print(f"  Key       {' '.join(filter(None, (key.secret_key, remark)))}")
    any_key = ", any key sk_test_…" if gateway.settings.is_loopback else ""
    out.print(f"  Stripe    {base_url} is the base URL for its SDKs{any_key}")
    out.print(f"  Docs      {base_url}/docs")
    out.print(f"  Data      {_database(gateway)}")
    out.print("\nA first payment, to paste into another terminal:\n")
    out.print(f"  {_first_payment(base_url, key.secret_key or 'YOUR_SECRET_KEY')}\n", style="cyan")
    if not gateway.settings.dispatch:
        out.print("Webhooks are not delivered from here: kessai dispatch does it.\n")


def _first_payment(base_url: str, secret_key: str) -> str:
    return " \\\n    ".join(
        (
            f"curl {base_url}/api/v1/payments",
            f'-H "Authorization: Bearer {secret_key}"',
            '-H "Content-Type: application/json"',
            """-d '{"amount": 10000, "currency": "INR"}'""",
        )
    )


def _database(gateway: Gateway) -> str:
    settings = gateway.settings
    if settings.database_kind == "sqlite":
        return f"{settings.sqlite_path} (SQLite)"
    return shown("database_url", settings.database_url) or ""
