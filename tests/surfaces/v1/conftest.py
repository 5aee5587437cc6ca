"""The gateway on a real port."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gateway_site import Gateway, script

from support.paced import PacedEngine
from support.served import serve


@pytest.fixture
def gateway(tmp_path: Path) -> Generator[Gateway]:
    with _serving(tmp_path) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway]:
    """A gateway that no test disturbs."""
    with _serving(tmp_path_factory.mktemp("steady")) as gateway:
        yield gateway


@contextmanager
def _serving(folder: Path) -> Generator[Gateway]:
    engine = PacedEngine(script)
    with serve(folder, script, engine=engine) as platform:
        gateway = Gateway(platform, engine)
        try:
            yield gateway
        finally:
            gateway.close()
