"""A standby of a private PostgreSQL: a copy that follows by streaming, until it is promoted."""

from __future__ import annotations

from typing import Final

from tests.support.postgres import USER, PrivatePostgres

APPLICATION: Final = "standby"
"""What it calls itself: for `synchronous_standby_names`."""


class Standby(PrivatePostgres):
    """Made of a running primary. It follows `upstream`, a port that leads to it."""

    def __init__(self, primary: PrivatePostgres, upstream: int) -> None:
        self._upstream = upstream
        self._copied_from = primary.port
        super().__init__(primary.run, settings=primary.settings)

    def promote(self) -> None:
        """Follow nobody any more; returns when it accepts writes."""
        self.programs.run("pg_ctl", "promote", f"--pgdata={self.data}", "--wait", cwd=self.home)

    def _make_data(self) -> None:
        self.programs.run(
            "pg_basebackup",
            *(f"--pgdata={self.data}", "--host=127.0.0.1", f"--port={self._copied_from}"),
            *(f"--username={USER}", "--checkpoint=fast", "--no-sync", "--write-recovery-conf"),
            cwd=self.home,
        )

    def _settings(self) -> list[str]:
        address = f"host=127.0.0.1 port={self._upstream} user={USER} application_name={APPLICATION}"
        return [*super()._settings(), f"-cprimary_conninfo={address}", "-cwal_retrieve_retry_interval=200ms"]
