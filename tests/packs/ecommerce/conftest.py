import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jindou.packs.contract import OpenPack
from jindou.packs.ecommerce import pack
from packs.ecommerce.shop_desk import TODAY, Desk


@pytest.fixture(scope="session")
def fresh_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    pack.open(folder, TODAY).close()
    return folder / "shop.db"


@pytest.fixture
def folder(fresh_shop: Path, tmp_path: Path) -> Path:
    shutil.copy(fresh_shop, tmp_path / "shop.db")
    return tmp_path


@pytest.fixture
def opened(folder: Path) -> Iterator[OpenPack]:
    opened = pack.open(folder, TODAY)
    yield opened
    opened.close()


@pytest.fixture
def desk(opened: OpenPack) -> Desk:
    return Desk(opened)
