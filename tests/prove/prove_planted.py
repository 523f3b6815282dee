"""Whether the harnesses are worth anything: each is run against planted bugs, and has to find them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from tests.e2e.audit import Wrong
from tests.prove.addresses import prove_addresses
from tests.prove.cards import SETTING as CARDS
from tests.prove.cards import prove_cards
from tests.prove.disk import prove_disk
from tests.prove.disk_watch import why_not
from tests.prove.evidence import reported
from tests.prove.fleet import SWIFT, Setting
from tests.prove.ground import KINDS, Kind
from tests.prove.hostile import prove_hostile
from tests.prove.kill import prove_kill
from tests.prove.malformed import SETTING as MALFORMED
from tests.prove.malformed import prove_malformed
from tests.prove.migrations import WHOLE, prove_migrations
from tests.prove.model import TOLD, prove_model
from tests.prove.parsers import CRASH, prove_parsers
from tests.prove.parsers import SETTING as PARSERS
from tests.prove.planted.keys import NO_UNIQUE_KEYS
from tests.prove.planted.senders import GUARD_ON_THE_NAME
from tests.prove.postgres_outages import BREAK, prove_outages
from tests.prove.power import prove_power
from tests.prove.races import RACING, prove_races
from tests.prove.redis import SHARED, prove_redis
from tests.prove.refunds import FOUGHT_OVER, prove_refunds
from tests.prove.report import Report
from tests.prove.signatures import prove_signatures
from tests.prove.soak import FORGETFUL, prove_soak
from tests.prove.storm import prove_storm
from tests.prove.tenants import SETTING as TENANTS
from tests.prove.tenants import prove_tenants
from tests.prove.term import prove_term

Harness = Callable[[Kind, float, int, Setting], Report]

FEW_RETRIES: Final = Setting(speed=20, retry_delay_s=0.05, retries=1)
CROWDED: Final = Setting(timeout_s=10, retries=0, retry_delay_s=0, dispatchers=1, hangs=True)
"""Slow receivers hold a post for ten seconds."""

PAUSES: Final = replace(SWIFT, troubles=("pause",), answers_within_s=0.5)
"""Whoever is paused has many posts under way."""
KILLS: Final = replace(SWIFT, troubles=("kill the API",), dispatchers=1)
"""What is written too late is lost with the process that was to write it."""
KILLED: Final = replace(WHOLE, troubles=("kill",))
TWO: Final = replace(WHOLE, troubles=("two at once",))
ONE_DISPATCHER: Final = replace(SWIFT, dispatchers=1)
LATE_RETRIES: Final = Setting(retries=1, retry_delay_s=4)
"""Late enough to tell the time of a retry from that of its event."""


@dataclass(frozen=True, slots=True)
class Hunt:
    """A bug, the harness that has to find it, and what it has to say. `kinds` are where the bug can live.

    `setting` is that of the clean run, too; `scale` is enough for the bug to show.
    """

    plant: str
    run: Harness
    says: str
    setting: Setting = SWIFT
    scale: float = 0.005
    kinds: tuple[Kind, ...] = KINDS


HUNTS: Final = (
    Hunt("answer-before-commit", prove_kill, "acknowledged, and not there", ONE_DISPATCHER, 0.002),
    Hunt("claim-not-written", prove_races, "one key, one effect", RACING, 0.004),
    Hunt("key-for-any-request", prove_races, "another's answer", RACING, 0.004),
    Hunt("keys-of-anybody", prove_races, "another merchant's key", RACING, 0.004),
    Hunt("keys-forgotten-early", prove_races, "forgotten early", RACING, 0.004),
    Hunt(NO_UNIQUE_KEYS, prove_races, "one key, one effect", RACING, 0.004, kinds=("postgresql",)),
    Hunt(NO_UNIQUE_KEYS, prove_races, Wrong.SCHEMA, RACING, 0.004),
    Hunt("enqueue-after-commit", prove_kill, "events do not match transitions", ONE_DISPATCHER, 0.002),
    Hunt("enqueue-after-commit", prove_storm, "missing", KILLS),
    Hunt("events-not-written", prove_storm, Wrong.EVENTS),
    Hunt("events-not-written", prove_model, Wrong.EVENTS, TOLD),
    Hunt("events-not-written", prove_soak, Wrong.EVENTS, FORGETFUL, 0.0025),
    Hunt("lease-without-fencing", prove_storm, "a final delivery moved", PAUSES, kinds=("postgresql",)),
    Hunt("list-without-a-bound", prove_model, "the server and the model part", TOLD),
    Hunt("refund-one-short", prove_model, "the server and the model part", TOLD),
    Hunt("last-one-wins", prove_refunds, "minor units are off", FOUGHT_OVER, 0.01),
    Hunt("no-limit-without-redis", prove_redis, "spells without a limit", SHARED, 0.03),
    Hunt("no-limit-without-redis", prove_redis, "more than the counts hold", SHARED, 0.03),
    Hunt("key-after-effect", prove_outages, "done more than once", BREAK, 0.02, kinds=("postgresql",)),
    Hunt(
        "lost-connection-is-a-bug", prove_outages, "an unexpected answer", BREAK, 0.01, kinds=("postgresql",)
    ),
    Hunt(
        "away-for-a-while-once-away",
        prove_outages,
        "a payment is taken again, at the latest",
        BREAK,
        0.01,
        kinds=("postgresql",),
    ),
    Hunt("ends-at-once", prove_term, "let in, and cut", ONE_DISPATCHER, 0.02),
    Hunt("migrates-in-pieces", prove_migrations, "half migrated", KILLED, 0.001),
    Hunt("migrates-without-a-lock", prove_migrations, "two migrators", TWO, 0.001, kinds=("postgresql",)),
    Hunt("rounds-amounts", prove_migrations, "another sum", KILLED, 0.001),
    Hunt("forgets-attempts-going-down", prove_migrations, "rows lost or made", WHOLE, 0.001),
    Hunt("hoards-memory", prove_soak, "memory of", FORGETFUL, 0.0025),
    Hunt("leaves-files-open", prove_soak, "descriptors of", FORGETFUL, 0.0025),
    # What is to be forgotten is so after four minutes at the earliest.
    Hunt("forgets-nothing", prove_soak, "rows:", FORGETFUL, 0.2, ("sqlite",)),
    Hunt("signed-with-the-events-time", prove_signatures, "signed with another time", LATE_RETRIES, 0.03),
    Hunt("new-id-on-retry", prove_storm, "another id"),
    Hunt(GUARD_ON_THE_NAME, prove_addresses, "a forbidden connection"),
    Hunt("exhausted-deleted", prove_storm, "a delivery was deleted", FEW_RETRIES),
    Hunt("lost-answer-is-success", prove_storm, "never acknowledged"),
    Hunt("told-and-not-posted", prove_kill, "the receiver never heard", ONE_DISPATCHER, 0.002),
    Hunt("body-rendered-anew", prove_storm, "another body"),
    Hunt("body-rendered-anew", prove_signatures, "does not verify", Setting(retry_delay_s=0.1), 0.05),
    Hunt("first-come-first-served", prove_hostile, "healthy first attempts, p99", CROWDED, 0.05),
    Hunt("synced-at-checkpoints-only", prove_power, "acknowledged lost", Setting(), 0.01, ("sqlite",)),
    Hunt("never-synced", prove_power, "acknowledged lost", Setting(), 0.01, ("sqlite",)),
    Hunt("committed-on-a-full-disk", prove_disk, "acknowledged, and lost", Setting(), 0.02, ("sqlite",)),
    Hunt("full-disk-is-a-bug", prove_disk, "answered with anything else", Setting(), 0.02, ("sqlite",)),
    Hunt("full-disk-for-long", prove_disk, "to the next write", Setting(), 0.02, ("sqlite",)),
    Hunt("mask-misses-groups", prove_cards, "a number was kept", CARDS, 0.01),
    Hunt("mask-misses-codes", prove_cards, "a cvc was kept", CARDS, 0.01),
    Hunt("odd-text-breaks", prove_malformed, "an answer is a server error", MALFORMED, 0.005),
    Hunt("keys-without-a-shape", prove_malformed, "a generated request shows a defect", MALFORMED, 0.005),
    Hunt("form-of-any-kind", prove_parsers, f"form: {CRASH}", PARSERS, 0.05, ("sqlite",)),
    Hunt("anybodys-customers", prove_tenants, "is answered as an unknown one is not", TENANTS, 0.001),
    Hunt("anybodys-payments", prove_tenants, "an answer shows what is another merchant's", TENANTS, 0.001),
    Hunt("update-without-a-merchant", prove_tenants, "another merchant's rows changed", TENANTS, 0.001),
    Hunt("told-to-everybody", prove_tenants, "an answer shows what is another merchant's", TENANTS, 0.001),
)


def prove_planted(kind: Kind, scale: float, seed: int) -> Report:
    """Run every hunt of this database, each on a scale of its own, and each harness without a bug."""
    report = Report("prove planted", kind, scale, seed)
    clean: set[tuple[Harness, Setting]] = set()
    for hunt in HUNTS:
        if kind not in hunt.kinds:
            continue
        if hunt.run is prove_power and (reason := why_not()):
            report.leave_out(f"{hunt.plant}, by power", reason)
            continue
        # One harness that an error ends is no reason to leave out all others.
        otherwise = partial(Report, hunt.run.__name__.replace("_", " "), kind, hunt.scale, seed)
        _tell(report, hunt, reported(partial(find, hunt, kind, seed), otherwise()))
        if (hunt.run, hunt.setting) not in clean:
            clean.add((hunt.run, hunt.setting))
            run = partial(hunt.run, kind, hunt.scale, seed, hunt.setting)
            _tell_of_clean(report, hunt, reported(run, otherwise()))
    return report


def find(hunt: Hunt, kind: Kind, seed: int) -> Report:
    """Run one harness against one bug; returns its report. No files are kept of a bug that is found."""
    report = hunt.run(kind, hunt.scale, seed, hunt.setting.with_plant(hunt.plant))
    if is_found(hunt, report) and report.kept_in is not None:
        shutil.rmtree(report.kept_in)
        report.kept_in = None
    return report


def is_found(hunt: Hunt, report: Report) -> bool:
    """Whether the harness saw this very bug."""
    return any(hunt.says in failure for failure in report.failures)


def _tell(report: Report, hunt: Hunt, found: Report) -> None:
    name = f"{hunt.plant}, by {found.attack}"
    report.hold(name, is_found(hunt, found), "==", True, "found")
    report.evidence[hunt.plant] = found.failures


def _tell_of_clean(report: Report, hunt: Hunt, found: Report) -> None:
    name = f"without a bug, {found.attack} says"
    report.hold(name, len(found.failures), "==", 0, "")
    if found.failures:
        report.evidence[name] = [found.failures, found.evidence, found.kept_in]
