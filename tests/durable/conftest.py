"""The queue and its signals on both databases."""

from collections.abc import Generator
from pathlib import Path

import pytest

from jindou.db import Database
from support.ground import open_database
from support.platform import FakeClock
from support.servers import Server, open_server


@pytest.fixture(scope="session")
def server() -> Generator[Server]:
    with open_server() as server:
        yield server


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Generator[Database]:
    if request.param == "sqlite":
        with open_database(tmp_path, clock) as database:
            yield database
        return
    server: Server = request.getfixturevalue("server")
    database = server.open(clock)
    yield database
    database.close()
