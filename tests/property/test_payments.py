"""Whatever is asked in whatever order, the gateway does what the model does, on both databases.

HYPOTHESIS_PROFILE=long looks much longer.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from kessai.storage.tables import metadata
from tests.property.machine import PaymentMachine, Till
from tests.support.gateway import opened_gateway
from tests.support.postgres import Postgres

IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"


def machine_on(empty: Callable[[], str]) -> type[PaymentMachine]:
    """A machine that begins each time with an empty database."""

    def opened() -> AbstractAsyncContextManager[Till]:
        return opened_gateway(empty())

    return type("PaymentMachineHere", (PaymentMachine,), {"opened": staticmethod(opened)})


def run(machine: type[PaymentMachine], examples: int) -> None:
    chosen = settings(
        max_examples=examples * (50 if IS_LONG else 1),
        stateful_step_count=60 if IS_LONG else 30,
        suppress_health_check=list(HealthCheck),
        # To explain what was found takes longer than to find it.
        phases=[phase for phase in Phase if phase is not Phase.explain],
        print_blob=True,
    )
    run_state_machine_as_test(machine, settings=chosen)


@pytest.mark.timeout(3600 if IS_LONG else 120)
def test_payments_on_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    template, numbers = Path(sqlite_url.removeprefix("sqlite:///")), count()
    run(
        machine_on(lambda: f"sqlite:///{shutil.copyfile(template, tmp_path / f'{next(numbers)}.db')}"),
        examples=60,
    )


@pytest.mark.postgresql
@pytest.mark.timeout(3600 if IS_LONG else 120)
def test_payments_on_postgresql(postgres_url: str, postgres: Postgres) -> None:
    tables = (table.name for table in reversed(metadata.sorted_tables))
    everything = "; ".join(f"DELETE FROM {table}" for table in tables)

    def emptied() -> str:
        postgres.sql(everything, database=postgres_url.rpartition("/")[2])
        return postgres_url

    run(machine_on(emptied), examples=25)
