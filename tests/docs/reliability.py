"""What the attacks have shown, as tables of `reliability.json`, where `make prove` notes its reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from tests.docs.tables import table
from tests.prove.attacks import ATTACKS
from tests.prove.prove_planted import HUNTS
from tests.prove.shown import read_shown

_NOT_YET: Final = "not noted yet"


def attacks() -> str:
    """Every attack on each database it is for: when it was last shown, and how much of it."""
    return table(
        ("Attack", "What is done", "Database", "Day", "Commit", "Scale", "Seed", "Took"),
        (
            (f"`{name}`", attack.title, kind, *_when(_noted().get((name, kind))))
            for name, attack in ATTACKS.items()
            for kind in attack.kinds
        ),
    )


def figures() -> str:
    """What was counted and measured, by attack and database."""
    return "\n\n".join(_section(each) for each in read_shown() if each["attack"] in ATTACKS)


def _noted() -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["attack"], each["database"]): each for each in read_shown()}


def _when(facts: dict[str, Any] | None) -> tuple[str, ...]:
    if facts is None:
        return (_NOT_YET, "", "", "", "")
    day = datetime.fromisoformat(facts["started_at"]).astimezone(UTC)
    scale, seed, took = f"{facts['scale']:g}", str(facts["seed"]), _length(facts["seconds"])
    # Of what was noted first the commit is not known.
    return (f"{day:%Y-%m-%d}", facts.get("commit") or "-", scale, seed, took)


def _length(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _section(facts: dict[str, Any]) -> str:
    name, kind = facts["attack"], facts["database"]
    return f"### {name}, {kind}\n\n`{facts['again']}`\n\n{table(('Figure', 'Seen', 'Bound'), _lines(facts))}"


def _lines(facts: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for line in facts["lines"]:
        yield line["name"], line["value"], line["bound"]


def planted() -> str:
    """The bugs that are planted, and who has to find them by what it says."""
    return table(
        ("Bug", "Found by", "Which says"),
        ((f"`{hunt.plant}`", f"`{hunt.run.__name__.removeprefix('prove_')}`", hunt.says) for hunt in HUNTS),
    )
