from pathlib import Path

import pytest

from support.homes import copy_home, make_home


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("made"))


@pytest.fixture
def home(made_home: Path, tmp_path: Path) -> Path:
    return copy_home(made_home, tmp_path / "home")
