"""Budgets and the ledger on both databases, with one organisation's prices."""

from pathlib import Path

import pytest
from billing_site import Site, open_site

from jindou.db import Database
from support.platform import FakeClock


@pytest.fixture
def site(database: Database, clock: FakeClock, tmp_path: Path) -> Site:
    return open_site(database, clock, tmp_path)
