"""Every row of one merchant, in each table that has any, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Table

from kessai.storage.tables import metadata
from tests.prove.ground import Ground

Rows = Mapping[str, Sequence[str]]
"""By table."""
_BY_AND_BY: Final = frozenset({"api_keys.last_used_at"})
"""What is written some time after it happened."""


async def rows_of(ground: Ground, secret_key: str) -> Rows:
    """What is the merchant's whose key this is."""
    owner = f"(SELECT merchant_id FROM api_keys WHERE last4 = '{secret_key[-4:]}')"
    found: dict[str, list[str]] = {each.name: [] for each in metadata.sorted_tables}
    for name, row in await ground.rows(" UNION ALL ".join(_select(each, owner) for each in found)):
        found[name].append(row)
    return {name: sorted(rows) for name, rows in found.items()}


def _select(name: str, owner: str) -> str:
    table = metadata.tables[name]
    values = " || '|' || ".join(f"""coalesce(CAST("{each}" AS text), '-')""" for each in _columns(table))
    return f"SELECT '{name}', {values} FROM {name} WHERE {_of(table, owner)}"


def _columns(table: Table) -> Sequence[str]:
    return [each.name for each in table.columns if f"{table.name}.{each.name}" not in _BY_AND_BY]


def _of(table: Table, owner: str) -> str:
    if table.name == "webhook_attempts":
        return f"delivery_id IN (SELECT id FROM webhook_deliveries WHERE merchant_id IN {owner})"
    return f"{'id' if table.name == 'merchants' else 'merchant_id'} IN {owner}"
