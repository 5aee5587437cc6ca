from collections.abc import Generator
from pathlib import Path

import pytest
from sso_company import SsoCompany

from support.homes import copy_home, make_home
from support.openid.crooked import Crooked, open_crooked
from support.platform import FakeClock, open_platform
from support.scripted import refund_script


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("made"))


@pytest.fixture
def crooked(clock: FakeClock) -> Generator[Crooked]:
    with open_crooked(clock) as provider:
        yield provider


@pytest.fixture
def company(made_home: Path, tmp_path: Path, clock: FakeClock, crooked: Crooked) -> Generator[SsoCompany]:
    home = copy_home(made_home, tmp_path / "home")
    with open_platform(home, refund_script("SO-10007", 1.0), clock, sso_private=True) as platform:
        yield SsoCompany(platform, crooked)
