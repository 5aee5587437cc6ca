"""Whoever proposes or activates at once, on either database: each version once, and one in force."""

from collections.abc import Generator
from pathlib import Path

import pytest

from jindou.agents.policies import PolicyActivation, PolicyProposal
from support.at_once import at_once
from support.desk import Desk, open_desk
from support.servers import Server

RULE = """@id("lamps.rule-{n}") @reason_en("Because.") @reason_zh("因为。")
forbid (principal in Role::"clerk", action == Action::"ecommerce::refund_order", resource);"""


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, home: Path) -> Generator[Desk]:
    url = None
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("server")
        url = server.create()
    with open_desk(home, "Hello.", database_url=url) as desk:
        yield desk


def test_two_who_propose_and_activate_at_once(desk: Desk) -> None:
    platform, manager = desk.platform, desk.manager

    def propose(n: int) -> int:
        with platform.database.writing(manager.org_id) as work:
            proposal = PolicyProposal(files={"a.cedar": RULE.format(n=n)})
            return platform.policies.propose(work, manager, proposal).number

    def activate(number: int) -> str:
        with platform.database.writing(manager.org_id) as work:
            platform.policies.activate(work, manager, number, PolicyActivation(over=0))
        return "activated"

    assert at_once(lambda: propose(1), lambda: propose(2)) == ["1", "2"]
    assert at_once(lambda: activate(1), lambda: activate(2)) == ["activated", "policy_moved"]
    with platform.database.reading(manager.org_id) as work:
        state = platform.policies.state(work, manager)
    assert (state.active in {1, 2}, state.previous) == (True, 0)
