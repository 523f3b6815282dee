"""The books of a database, audited row by row: what the tables say of each other."""

from __future__ import annotations

from tests.e2e.audit import Wrong, audit_books
from tests.e2e.books import damage_of, read_books
from tests.prove.ground import Ground


async def wrong_books(ground: Ground, *, leaving_out: Wrong | None = None) -> list[str]:
    """All that is wrong but what is left out, merchant by merchant: all at once would take gigabytes."""
    findings = [f"damage: {each}" for each in await damage_of(ground.url)]
    for (merchant_id,) in await ground.rows("SELECT id FROM merchants ORDER BY id"):
        audited = audit_books(await read_books(ground.url, merchant_id))
        findings += [f"{each.wrong}: {each.where}" for each in audited if each.wrong is not leaving_out]
    return findings
