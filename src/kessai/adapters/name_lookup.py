"""Looks host names up in threads of its own, so that a name server that hangs stops nobody else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from kessai.adapters.wire_errors import HostNotFoundError

LOOKUPS_MAX: Final = 64
"""Look-ups under way at once, one for a host; each is a thread that may hang for minutes."""
HOSTS_KEPT: Final = 1000
ANSWER_KEPT_S: Final = 10.0

SocketAddress = tuple[Any, ...]
"""What `socket.connect` takes: the numeric address, the port, and two more for IPv6."""
Found = tuple[tuple[int, SocketAddress], ...]
"""Address families and socket addresses, in the order in which to try them."""
# Any: called with a host, a port and keywords, as `socket.getaddrinfo` is.
Lookup = Callable[..., Sequence[tuple[Any, ...]]]


@dataclass(slots=True)
class _Question:
    """A look-up under way, and who waits for it."""

    asked_at: float
    answer: asyncio.Future[Found] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class NameLookup:
    """Finds the addresses of hosts, and remembers them for ten seconds.

    `lookup` blocks; it is called in a thread. Whoever asks for a host whose look-up hangs for longer than
    `patience_s` is told at once.
    """

    def __init__(
        self, monotonic: Callable[[], float], *, patience_s: float, lookup: Lookup = socket.getaddrinfo
    ) -> None:
        self._monotonic = monotonic
        self._patience_s = patience_s
        self._lookup = lookup
        self._questions: dict[tuple[str, int], _Question] = {}
        self._answers: OrderedDict[tuple[str, int], tuple[float, Found]] = OrderedDict()

    async def find(self, host: str, port: int) -> Found:
        """The addresses of a host; at least one.

        Raises:
            HostNotFoundError: there are none, or the look-up hangs.
        """
        key = (host, port)
        kept = self._answers.get(key)
        if kept is not None and self._monotonic() - kept[0] < ANSWER_KEPT_S:
            return kept[1]
        question = self._questions.get(key) or self._ask(key)
        if self._monotonic() - question.asked_at > self._patience_s:
            raise HostNotFoundError("could not resolve host: an earlier look-up of it still hangs")
        # Others wait for the same answer, so one who gives up must not cancel it.
        return await asyncio.shield(question.answer)

    def _ask(self, key: tuple[str, int]) -> _Question:
        if len(self._questions) >= LOOKUPS_MAX:
            raise HostNotFoundError(f"could not resolve host: {LOOKUPS_MAX} other look-ups hang")
        question = self._questions[key] = _Question(self._monotonic())
        # Whoever asked may have given up by then, and nobody looks at an error any more.
        question.answer.add_done_callback(lambda answer: answer.cancelled() or answer.exception())
        loop = asyncio.get_running_loop()
        # Not of a pool: those are waited for when the process ends, and this one may hang.
        threading.Thread(target=self._look_up, args=(key, loop), name="kessai-lookup", daemon=True).start()
        return question

    def _look_up(self, key: tuple[str, int], loop: asyncio.AbstractEventLoop) -> None:
        found: Found | HostNotFoundError
        try:
            infos = self._lookup(*key, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
            found = tuple((info[0], info[4]) for info in infos) or HostNotFoundError("could not resolve host")
        except (OSError, UnicodeError):
            found = HostNotFoundError("could not resolve host")
        except Exception as error:
            found = HostNotFoundError(f"could not resolve host ({type(error).__name__})")
        with suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(self._settle, key, found)

    def _settle(self, key: tuple[str, int], found: Found | HostNotFoundError) -> None:
        question = self._questions.pop(key)
        if isinstance(found, HostNotFoundError):
            if not question.answer.done():
                question.answer.set_exception(found)
            return
        self._keep(key, found)
        if not question.answer.done():
            question.answer.set_result(found)

    def _keep(self, key: tuple[str, int], found: Found) -> None:
        self._answers[key] = (self._monotonic(), found)
        self._answers.move_to_end(key)
        if len(self._answers) > HOSTS_KEPT:
            self._answers.popitem(last=False)
