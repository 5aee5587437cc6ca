from collections.abc import Iterator
from pathlib import Path

import pytest

from jindou.assembly import Platform
from jindou_client import Client
from support.scripted import refund_script
from support.served import serve

REFUND = "Customer of order SO-10007 got a broken lamp, refund 120."


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with serve(tmp_path, refund_script("SO-10007", 120)) as platform:
        yield platform


@pytest.fixture
def operator(platform: Platform) -> Iterator[Client]:
    with Client(platform.settings.url, platform.home.operator_key()) as client:
        yield client


@pytest.fixture
def clerk(operator: Client) -> Iterator[Client]:
    with Client(operator.url, operator.sessions.open("clerk").token) as client:
        yield client


@pytest.fixture
def manager(operator: Client) -> Iterator[Client]:
    with Client(operator.url, operator.sessions.open("manager").token) as client:
        yield client
