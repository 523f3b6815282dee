"""A temporary webhook endpoint: made, looked after while it is needed, and removed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from kessai.cli.failures import CommandError, ExitCode
from kessai.cli.remote.api import Answer, NativeApi, RefusedError, passes
from kessai.cli.remote.lines import Teller
from kessai.services.ports import Clock

_ENDPOINTS: Final = "/webhooks/endpoints"
_LOOKS_APART_S: Final = 1.0
"""Between looks whether the server is there, which cost nothing of its rate limit."""
_DOUBTS: Final = 3
_LOOKS_PER_CHECK: Final = 30
"""Looks from one request for the endpoint itself to the next; these count as any request does."""


@dataclass(slots=True)
class Registration:
    """One endpoint on the server. `wanted` is the body that made it, and makes it again with its secret.

    `doubts` counts the looks at which it should be checked whether it still hears anything.
    """

    api: NativeApi
    wanted: Answer
    endpoint: Answer = field(default_factory=dict)
    doubts: int = 0

    @property
    def endpoint_id(self) -> str:
        """The id of the endpoint."""
        return str(self.endpoint["id"])

    def make(self) -> Answer:
        """Register; the answer has the secret.

        Raises:
            CommandError: the API refuses, or nobody answers.
        """
        self.endpoint = self.api.post(_ENDPOINTS, self.wanted)
        self.wanted = {**self.wanted, "secret": self.endpoint["secret"]}
        return self.endpoint

    def doubt(self) -> None:
        """Its target said 410, after which servers disable an endpoint, in a moment or two."""
        self.doubts = _DOUBTS

    def check(self) -> None:
        """See that events still come there.

        Raises:
            RefusedError: it is not there any more (404), or the API refuses.
            CommandError: it was disabled, or nobody answers.
        """
        found = self.api.get(f"{_ENDPOINTS}/{self.endpoint_id}")
        if not found["enabled"]:
            raise CommandError(
                f"the endpoint was disabled: {found['disabled_reason']}",
                exit_code=ExitCode.EXPECTATION_FAILED,
                hint="nothing more would come; mend the target and listen again",
            )

    def remove(self) -> None:
        """Delete it; one that is gone already is no failure.

        Raises:
            CommandError: it is still there.
        """
        try:
            self.api.delete(f"{_ENDPOINTS}/{self.endpoint_id}")
        except CommandError as error:
            if isinstance(error, RefusedError) and error.status == 404:
                return
            raise CommandError(
                f"the temporary endpoint {self.endpoint_id} was not removed: {error.message}",
                exit_code=error.exit_code,
                hint=f"delete it with DELETE /api/v1{_ENDPOINTS}/{self.endpoint_id}",
            ) from error


async def watch(registration: Registration, teller: Teller, clock: Clock) -> None:
    """Look after an endpoint without end: tell when the server goes and comes back.

    Raises:
        CommandError: nothing will come any more, and why.
    """
    api = registration.api
    looks = 0
    while True:
        await clock.sleep(_LOOKS_APART_S)
        looks += 1
        if not await asyncio.to_thread(api.is_alive):
            teller.noticed("away", f"{api.base_url} does not answer; waiting for it to come back")
            while not await _is_back(registration, teller):
                await clock.sleep(_LOOKS_APART_S)
        elif registration.doubts or looks % _LOOKS_PER_CHECK == 0:
            registration.doubts = max(0, registration.doubts - 1)
            await _check(registration)


async def _check(registration: Registration) -> None:
    try:
        await asyncio.to_thread(registration.check)
    except CommandError as error:
        if isinstance(error, RefusedError) and error.status == 404:
            raise CommandError(
                "somebody deleted the endpoint", exit_code=ExitCode.EXPECTATION_FAILED, hint="listen again"
            ) from error
        if not passes(error):
            raise


async def _is_back(registration: Registration, teller: Teller) -> bool:
    """Whether all is well again; a server that came back with an empty database gets the endpoint anew."""
    base_url = registration.api.base_url
    if not await asyncio.to_thread(registration.api.is_alive):
        return False
    words = f"{base_url} is back"
    try:
        try:
            await asyncio.to_thread(registration.check)
        except RefusedError as error:
            if error.status != 404:
                raise
            await asyncio.to_thread(registration.make)
            words += " without the endpoint, so it was made again with the same secret"
    except CommandError as error:
        if passes(error):
            return False
        raise
    teller.noticed("back", words)
    return True
