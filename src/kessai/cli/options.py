"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, Final

import typer

LOOPBACK: Final = "127.0.0.1:0"
"""Where webhooks are received by default: only this machine gets there, and the port is one that is free."""

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL",
        help="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
        show_default="DATABASE_URL, or sqlite:///kessai.db",
    ),
]

MerchantId = Annotated[
    str | None,
    typer.Option("--merchant", metavar="ID", help="Whose key it is.", show_default="the only merchant"),
]

Host = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Address to listen on.", show_default="HOST, or 127.0.0.1"),
]

LogLevel = Annotated[
    str | None,
    typer.Option(
        metavar="LEVEL",
        help="DEBUG, INFO, WARNING, ERROR or CRITICAL.",
        show_default="LOG_LEVEL, or INFO",
    ),
]

ServerUrl = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Whom to ask.", show_default="http://HOST:PORT"),
]

ServerKey = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        metavar="KEY",
        help="Secret key of the merchant.",
        show_default="API_KEY, or sk_test_kessai on loopback",
    ),
]

Bind = Annotated[
    str,
    typer.Option(
        metavar="HOST:PORT", help="Where to receive webhooks; port 0 picks a free one.", show_default=True
    ),
]

ReachableAt = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="How the server reaches that, if it runs elsewhere, as in a container.",
        show_default="http://HOST:PORT of --bind",
    ),
]
