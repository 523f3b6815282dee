"""Every address trick in each mode, played through the whole gateway, and a trap that counts connections."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from tests.prove.fleet import Setting
from tests.prove.ground import Kind, on_a_copy, open_ground
from tests.prove.planted.senders import GUARD_ON_THE_NAME, GuardOnTheName
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.support.address_trap import Outcome, play
from tests.support.address_tricks import SETTINGS, Mode, Trick, tricks

TRICKS_MIN: Final = 200


def prove_addresses(kind: Kind, scale: float, seed: int, setting: Setting | None = None) -> Report:
    """All tricks, whatever the scale: each is a registration and two posts."""
    report = Report("prove addresses", kind, scale, seed)
    is_planted = setting is not None and setting.plant == GUARD_ON_THE_NAME
    played = 0
    with open_ground(kind, report) as ground:
        for mode in SETTINGS:
            with on_a_copy(ground) as copy:
                make_sender = GuardOnTheName.made if is_planted else None
                outcomes = asyncio.run(play(_counted(mode), copy.url, mode, make_sender))
                _tell(report, mode, outcomes)
                played += len(outcomes)
        report.hold("tricks", played, ">=", TRICKS_MIN, "")
    return report


def _counted(mode: Mode) -> Iterator[Trick]:
    """The tricks of one mode, while people see how far they are."""
    some = [each for each in tricks() if each.mode == mode]
    progress = Progress(f"addresses, {mode}: tricks", len(some))
    for number, each in enumerate(some):
        progress.at(number)
        yield each
    progress.end()


def _tell(report: Report, mode: str, outcomes: list[Outcome]) -> None:
    forbidden = {each.trick.name: sorted(each.forbidden) for each in outcomes if each.forbidden}
    permitted = [each for each in outcomes if each.trick.comes_out_at]
    unclear = {each.trick.name: each.errors for each in outcomes if not each.is_clear}
    report.note(f"{mode}: tricks", len(outcomes))
    report.note(f"{mode}: refused when registered", sum(each.registered != 201 for each in outcomes))
    report.hold(f"{mode}: forbidden connections", len(forbidden), "==", 0, "")
    came_out = sum(bool(each.connected) for each in permitted)
    report.hold(f"{mode}: permitted that connect", came_out, "==", len(permitted), "")
    report.hold(f"{mode}: refused without saying why", len(unclear), "==", 0, "")
    if forbidden:
        report.breaks(f"{mode}: a forbidden connection", forbidden=forbidden)
    if unclear:
        report.evidence[f"{mode}: unclear"] = unclear
