"""The deployments that one process keeps in memory."""

from collections.abc import Generator
from pathlib import Path

import pytest

from jindou.db import Database, migrate
from jindou.models.deployments import Deployment, Member
from jindou.models.deployments.shelf import Shelf


class Standing:
    """What another process says that everybody has."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.seconds = 0.0

    def __call__(self) -> Deployment | None:
        if self.name is None:
            return None
        return Deployment(name=self.name, members=(Member(model=self.name),), context_tokens=2048, is_standing=True)


@pytest.fixture
def standing() -> Standing:
    return Standing()


@pytest.fixture
def shelf(tmp_path: Path, standing: Standing) -> Generator[Shelf]:
    database = Database(f"sqlite:///{tmp_path / 'jindou.db'}")
    migrate(database)
    yield Shelf(database, standing, lambda: standing.seconds)
    database.close()


def test_a_standing_model_that_changes_is_seen_without_a_restart(shelf: Shelf, standing: Standing) -> None:
    assert not shelf.of("org_1")
    for name in ("small", "large"):
        standing.name = name
        shelf.forget("org_1")
        assert list(shelf.of("org_1")) == [name]
        assert shelf.served() == {name}


def test_a_standing_model_stays_while_nobody_says_what_it_is(shelf: Shelf, standing: Standing) -> None:
    standing.name = "small"
    assert list(shelf.of("org_1")) == ["small"]
    standing.name = None
    shelf.forget("org_1")
    assert list(shelf.of("org_1")) == ["small"]
