from collections.abc import Generator
from pathlib import Path

import pytest

from support.desk import ORDER, Desk, open_desk
from support.scripted import call

LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")


@pytest.fixture
def desk(home: Path) -> Generator[Desk]:
    with open_desk(home, LARGE, "That is that.") as desk:
        yield desk
