"""Checks what operators type by the same rules as the API checks what merchants send."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from kessai.cli.failures import CommandError, usage_error
from kessai.dialects.native.schemas import GraceIn, KeyIn, MerchantPatch
from kessai.settings import WELL_KNOWN_API_KEY, Settings
from kessai.settings.values import no_live_key, printable

Body = TypeVar("Body", bound=BaseModel)

_OPTIONS = {"default_currency": "--currency", "grace_period_s": "--grace-period-s"}


def checked_merchant(name: str, email: str | None, currency: str) -> MerchantPatch:
    """The facts of a new merchant.

    Raises:
        CommandError: one of them cannot be used.
    """
    return _checked(MerchantPatch, name=name, email=email, default_currency=currency)


def checked_key_name(name: str | None) -> str | None:
    """The name of a key.

    Raises:
        CommandError: it cannot be used.
    """
    return _checked(KeyIn, name=name).name


def checked_grace_s(seconds: int) -> int:
    """How long an old secret works beside the new one.

    Raises:
        CommandError: that is too long.
    """
    return _checked(GraceIn, grace_period_s=seconds).grace_period_s


def checked_secret_key(secret_key: str | None, settings: Settings) -> str | None:
    """A secret key somebody chose.

    Raises:
        CommandError: it looks like a live one, does not fit into a header or is known to everybody.
    """
    if secret_key is None:
        return None
    try:
        no_live_key(printable(SecretStr(secret_key)))
    except ValueError as error:
        raise usage_error(f"--api-key {error}") from None
    if secret_key == WELL_KNOWN_API_KEY and (settings.is_production or not settings.is_loopback):
        raise usage_error(f"--api-key cannot be {WELL_KNOWN_API_KEY} here, everybody knows it")
    return secret_key


def _checked(shape: type[Body], **values: object) -> Body:
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> CommandError:
    problem = error.errors()[0]
    field = str(problem["loc"][0])
    option = _OPTIONS.get(field, f"--{field}")
    return usage_error(
        f"{option} cannot be {problem['input']!r}: {problem['msg'].removeprefix('Value error, ')}"
    )
