"""What was shown: of each attack the newest report at the largest scale, as data that pages are made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.prove.report import Report

_HOUSE: Final = Path(__file__).resolve().parents[2]
REPORTS: Final = _HOUSE / ".prove"
"""Where reports and evidence are left; not committed."""
SHOWN: Final = _HOUSE / "docs" / "explanation" / "reliability.json"


def read_shown() -> list[dict[str, Any]]:
    """Facts of reports, as `Report.facts` gives them."""
    found: list[dict[str, Any]] = json.loads(SHOWN.read_text()) if SHOWN.exists() else []
    return found


def note_shown(report: Report) -> None:
    """Keep a report in place of an older one of the same attack, unless that was of a larger scale."""
    facts = report.facts()
    place = (facts["attack"], facts["database"])
    kept = {(each["attack"], each["database"]): each for each in read_shown()}
    if place not in kept or facts["scale"] >= kept[place]["scale"]:
        kept[place] = facts
    SHOWN.write_text(json.dumps([kept[each] for each in sorted(kept)], indent=2) + "\n")
