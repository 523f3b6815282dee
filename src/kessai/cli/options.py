"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

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
