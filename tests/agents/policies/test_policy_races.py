"""Whoever proposes or activates at once, on either database: each version once, and one in force."""

import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest

from jindou.agents.policies import PolicyActivation, PolicyProposal
from jindou.errors import Conflict
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


def at_once(*actions: Callable[[], object]) -> Sequence[str]:
    all_there = threading.Barrier(len(actions))
    outcomes: list[str] = []

    def do(action: Callable[[], object]) -> None:
        all_there.wait(10)
        try:
            outcomes.append(str(action()))
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=do, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


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
