from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from account_people import Company

from support.desk import open_desk
from support.servers import Server


@pytest.fixture
def company(tmp_path: Path) -> Generator[Company]:
    with open_desk(tmp_path) as desk:
        yield Company(desk)


@pytest.fixture(params=["sqlite", "postgresql"])
def on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Company]:
    """The company on one database, and then on the other."""
    settings: dict[str, Any] = {}
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("server")
        settings["database_url"] = server.create()
    with open_desk(tmp_path, **settings) as desk:
        yield Company(desk)
