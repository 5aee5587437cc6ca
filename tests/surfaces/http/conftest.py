from collections.abc import Generator
from pathlib import Path

import pytest
from http_door import Door

from support.desk import Desk, open_desk
from support.homes import copy_home, make_home
from support.scripted import call


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def shared_desk(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Desk]:
    """A company that the tests of a module share: they only look, or are refused."""
    with open_desk(copy_home(made_home, tmp_path_factory.mktemp("shared") / "home"), "Hello.") as desk:
        yield desk


@pytest.fixture(scope="module")
def shared(shared_desk: Desk) -> Door:
    return Door(shared_desk)


@pytest.fixture
def door(made_home: Path, tmp_path: Path) -> Generator[Door]:
    """A company of the test's own, whose model asks for a refund over the clerk's limit and then says a word."""
    refund = call("refund_order", order_id="SO-10007", amount=120, reason="broken lamp")
    with open_desk(copy_home(made_home, tmp_path / "home"), refund, "Refunded.") as desk:
        yield Door(desk)
