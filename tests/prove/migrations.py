"""A database of the first schema, migrated under `kill -9`, by two at once, a step down and up again.

Rows are compared column by column with what the first release wrote; the schema after each kill is that of
one revision, as a new database has it; what the first release's customers were told is still so.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kessai.storage.migrate import HEAD, PAST, upgrade
from tests.e2e.audit_api import audit_api
from tests.e2e.journal import Journal
from tests.e2e.shop import Shop
from tests.prove.bookkeeping import wrong_books
from tests.prove.contest import contested
from tests.prove.fingerprint import Fingerprint, differences, fingerprint
from tests.prove.first_release import TABLES, lay_in_first
from tests.prove.fleet import Setting
from tests.prove.ground import Ground, Kind, on_a_copy, open_ground
from tests.prove.migrating import Migrators, revision_of, schemas, standing
from tests.prove.migrator import counted
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.support.server import RunningServer

PAYMENTS: Final = 100_000
KILLS: Final = 40
CONTESTS: Final = 10
"""How often two migrate at once: who comes first is a matter of milliseconds."""
_CUSTOMERS: Final = 4
_MORE: Final = 40
"""Requests after the migration: the new version writes rows of its own before the step down."""
_SHOWN: Final = 30
WHOLE: Final = Setting(troubles=("kill", "two at once", "down and up"))
_IN_START_UP: Final = 0.1
"""The part of those killed by the clock that has hardly begun."""
_CHANGED: Final = ("rows lost or made", "another sum", "other values", "a column is gone")
"""How findings begin that tell of rows."""


@dataclass(slots=True)
class Tally:
    """What it came to."""

    kills: Counter[str] = field(default_factory=Counter)
    contests: int = 0
    whole_s: float = 0.0
    statements: int = 0
    findings: list[str] = field(default_factory=list)

    def compare(self, what: str, before: Fingerprint, after: Fingerprint) -> None:
        """Note every difference."""
        self.findings += [f"{each}, {what}" for each in differences(before, after)]


@dataclass(slots=True)
class Attack:
    """On one database. `old` is the first release's, which is copied and never migrated itself."""

    old: Ground
    was: Fingerprint
    schemas: Mapping[str, Sequence[str]]
    journal: Journal
    chance: random.Random
    plant: str | None
    tally: Tally = field(default_factory=Tally)

    def run(self, troubles: Sequence[str], kills: int, contests: int, progress: Progress) -> None:
        """One trouble after the other, until something is found."""
        self.rehearse()
        for trouble in troubles:
            if self.tally.findings:
                return
            match trouble:
                case "kill":
                    self.kill(kills, progress)
                    progress.end()
                case "two at once":
                    self.contest(contests)
                case _:
                    self.go_down()

    def rehearse(self) -> None:
        """Migrate a copy undisturbed, here: how long that takes, and how many statements."""
        with on_a_copy(self.old) as copy, counted() as statements:
            began = time.monotonic()
            upgrade(copy.url)
            self.tally.whole_s = time.monotonic() - began
            self.tally.statements = statements()
            self.tally.compare("undisturbed", self.was, fingerprint(copy, TABLES))

    def kill(self, kills: int, progress: Progress) -> None:
        """Copy after copy, until there were so many kills."""
        while self.tally.kills.total() < kills and not self.tally.findings:
            with on_a_copy(self.old) as copy:
                migrators = Migrators(copy, self.plant)
                while self.tally.kills.total() < kills and self._kill(migrators):
                    progress.at(self.tally.kills.total())
                if not self.tally.findings:
                    self._come_through(migrators)

    def _kill(self, migrators: Migrators) -> bool:
        """Once more; whether the migration still has to be finished."""
        by = self.chance.choice(("moment", "statement"))
        # A server migrates its file as it starts; on PostgreSQL there is a command for it.
        serves = self.old.kind == "sqlite" and by == "moment" and self.chance.random() < 0.5
        if by == "statement":
            number = self.chance.randint(1, self.tally.statements)
            started = migrators.start("migrate", dies_at=number)
            code = started.wait()
        else:
            command = ("serve", "--no-dispatch", "--port", "0") if serves else ("migrate",)
            started = migrators.start(*command)
            if self.chance.random() > _IN_START_UP:
                started.until_at_work()
            time.sleep(self.chance.uniform(0, self.tally.whole_s))
            code = started.kill()
        how = "serving" if serves else by
        if code == -signal.SIGKILL:
            self.tally.kills[how] += 1
        elif code:
            self.tally.findings.append(f"cannot go on: it ended with {code}, {started.stderr}")
        return self._look(migrators.ground, f"after a kill by {how}")

    def _look(self, ground: Ground, when: str) -> bool:
        """See that it is at one revision or another; whether that is not the last."""
        revision, found = standing(ground)
        if found != self.schemas[revision]:
            odd = sorted(set(found) ^ set(self.schemas[revision]))
            self.tally.findings.append(f"half migrated: {when}, at {revision}, {odd[:4]}")
        return revision != HEAD and not self.tally.findings

    def _come_through(self, migrators: Migrators) -> None:
        """At last nobody kills it."""
        try:
            with migrators.migrated_server():
                pass
        except Exception as error:
            self.tally.findings.append(f"cannot go on: after kills, {error}")
            return
        self._look(migrators.ground, "in the end")
        self.tally.compare("after kills", self.was, fingerprint(migrators.ground, TABLES))

    def contest(self, times: int) -> None:
        """Two at once, each time on a new copy."""
        while self.tally.contests < times and not self.tally.findings:
            self.tally.contests += 1
            with on_a_copy(self.old) as copy, contested(Migrators(copy, self.plant), self.tally.findings):
                self.tally.compare("after two at once", self.was, fingerprint(copy, TABLES))

    def go_down(self) -> None:
        """A step down and up again, with rows of both versions in it; then all of it is audited."""
        with on_a_copy(self.old) as copy:
            migrators = Migrators(copy, self.plant)
            with migrators.migrated_server() as server:
                asyncio.run(self._buy(server))
            before = fingerprint(copy, TABLES)
            migrators.start("migrate", "--down").end()
            self._look(copy, "after a step down")
            if (revision := revision_of(copy)) != PAST[-1]:
                self.tally.findings.append(f"no step down: the revision is {revision}")
            down = fingerprint(copy, TABLES)
            # What the older schema has no place for is lost, as the command says.
            kept = {name: column for name, column in before.items() if name in down}
            self.tally.compare("after a step down", kept, down)
            with migrators.migrated_server() as server:
                self._look(copy, "after a step up again")
                self.tally.compare("after a step down and up", kept, fingerprint(copy, TABLES))
                self.tally.findings += asyncio.run(self._ask(server))
            self.tally.findings += asyncio.run(wrong_books(copy))

    async def _buy(self, server: RunningServer) -> None:
        async with self._shop(server) as shop, shop.customers(_CUSTOMERS):
            await shop.until_more(_MORE)

    async def _ask(self, server: RunningServer) -> list[str]:
        async with self._shop(server) as shop:
            return [f"{each.wrong}: {each.where}" for each in await audit_api(shop)]

    def _shop(self, server: RunningServer) -> Shop:
        return Shop(lambda: server.base_url, server.api_key, self.journal)


def prove_migrations(kind: Kind, scale: float, seed: int, setting: Setting = WHOLE) -> Report:
    """Make the old database, and migrate copies of it in every way."""
    report = Report("prove migrations", kind, scale, seed)
    payments = max(20, round(PAYMENTS * scale))
    kills, contests = (max(1, round(each * scale)) for each in (KILLS, CONTESTS))
    with open_ground(kind, report, fill=lambda _url: None) as ground:
        progress = Progress(f"migrations on {kind}, the old database", payments)
        journal = lay_in_first(ground.url, payments, seed, progress.at)
        progress.end()
        old = fingerprint(ground, TABLES)
        known = schemas(ground.directory, ground)
        attack = Attack(ground, old, known, journal, random.Random(seed), setting.plant)
        attack.run(setting.troubles, kills, contests, Progress(f"migrations on {kind}, kills", kills))
        if attack.tally.findings:
            report.breaks(_kinds(attack.tally.findings), findings=attack.tally.findings[:_SHOWN])
        _tell(report, attack, payments, setting.troubles, kills=kills, contests=contests)
    return report


def _kinds(findings: Sequence[str]) -> str:
    """What is wrong, without where."""
    return "; ".join(sorted({each.partition(":")[0] for each in findings}))


def _tell(
    report: Report, attack: Attack, payments: int, troubles: Sequence[str], *, kills: int, contests: int
) -> None:
    tally, was = attack.tally, attack.was
    report.hold("payments of the first schema", was["payments.id"].rows, ">=", payments, "")
    report.note(
        "rows of all tables", sum({name.partition(".")[0]: each.rows for name, each in was.items()}.values())
    )
    report.note("minor units of all payments", was["payments.amount"].total or 0)
    if "kill" in troubles:
        report.hold("kills", tally.kills.total(), ">=", kills, "")
    if "two at once" in troubles:
        report.hold("times that two migrated at once", tally.contests, ">=", contests, "")
    for how, number in sorted(tally.kills.items()):
        report.note(f"kills, {how}", number)
    report.note("statements of the migration", tally.statements)
    report.note("migration undisturbed", f"{tally.whole_s:.1f} s")
    changed = [each for each in tally.findings if each.startswith(_CHANGED)]
    report.hold("columns that changed", len(changed), "==", 0, "")
    report.hold("broken promises", len(tally.findings), "==", 0, "")
