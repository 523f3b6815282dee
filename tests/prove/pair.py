"""A primary and its synchronous standby; whenever that is promoted, a new one is made of it."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, closing
from typing import Final, Self

from tests.prove.cable import Cable
from tests.support.postgres import PrivatePostgres
from tests.support.postgres_standby import APPLICATION, Standby
from tests.support.processes import wait_until

_PATIENCE_S: Final = 60.0
_FOLLOWS: Final = (
    "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND flush_lsn >= pg_lsn '{}'"
)


class Pair:
    """`cable` is what clients come through, `replication` what the standby does.

    PostgreSQL promises that a standby has whatever its primary acknowledged only as long as it is a
    synchronous one: so nobody promotes one that is not yet.
    """

    def __init__(self, primary: PrivatePostgres, cable: Cable) -> None:
        self.primary = primary
        self.replication = Cable(primary.port)
        self._cable = cable
        self._standby: Standby | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.replication)
        self.attach()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def attach(self) -> None:
        """Make a standby; returns once it is synchronous and has all that was ever acknowledged."""
        standby = self._stack.enter_context(closing(Standby(self.primary, self.replication.port)))
        standby.start()
        names = f"ALTER SYSTEM SET synchronous_standby_names = '{APPLICATION}'"
        self.primary.sql(names, "SELECT pg_reload_conf()")
        self._wait_for("SHOW synchronous_standby_names", APPLICATION, "settings")
        # Done by the process that has commits wait from now on, and not before it was told of that.
        self.primary.sql("CHECKPOINT")
        (reached,) = self.primary.sql("SELECT pg_current_wal_lsn()")
        self._wait_for(_FOLLOWS.format(reached), "1", "a synchronous standby")
        self._standby = standby

    def fail_over(self) -> None:
        """The primary ends at once, whatever is under way; the standby takes its place and its clients."""
        assert self._standby is not None
        gone, self.primary, self._standby = self.primary, self._standby, None
        gone.stop("immediate")
        self.replication.cut()
        self.replication.resume()
        self.primary.promote()
        self._cable.lead_to(self.primary.port)
        self.replication.lead_to(self.primary.port)
        shutil.rmtree(gone.home, ignore_errors=True)

    def _wait_for(self, question: str, answer: str, what: str) -> None:
        wait_until(lambda: self.primary.sql(question) == [answer], timeout_s=_PATIENCE_S, what=what)
