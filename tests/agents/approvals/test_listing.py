"""What people see of approvals is asked of the database, and is what one by one they would be let see."""

import random
from collections.abc import Generator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from jindou.agents.approvals import Approval
from jindou.agents.approvals.rights import Rights
from jindou.agents.approvals.tables import ApprovalRow, DelegationRow
from jindou.db import Work
from jindou.identity.principals import Principal
from support.desk import Desk, open_desk
from support.servers import Server

KINDS = [("after-sales", "refund_order"), ("after-sales", "change_address"), ("pricing", "set_price"), ("gone", "tool")]
STATUSES = ("waiting", "waiting", "approved", "denied", "expired", "withdrawn")
RULES = """@id("lamps.warehouse-decides-small") @reason_en("Because.") @reason_zh("因为。")
permit (principal in Role::"warehouse", action == Action::"approvals::decide", resource)
when { context.tool == "refund_order" && context.facts has refunded_total && context.facts.refunded_total < 50 };
@id("lamps.finance-not-large") @reason_en("Because.") @reason_zh("因为。")
forbid (principal in Role::"finance", action == Action::"approvals::decide", resource == Assistant::"after-sales")
when { !context.delegated && context.facts has refunded_total && context.facts.refunded_total > 80 };
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, home: Path) -> Generator[Desk]:
    settings: dict[str, Any] = {}
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("server")
        settings["database_url"] = server.create()
    with open_desk(home, "Hello.", **settings) as desk:
        yield desk


def fill(work: Work, people: Sequence[Principal], chance: random.Random, count: int, kinds: Sequence[Any]) -> None:
    for number in range(count):
        who, (assistant, tool) = chance.choice(people), chance.choice(kinds)
        row = ApprovalRow(
            id=f"apr_{number:05d}",
            org_id=who.org_id,
            run_id="run_1",
            step_id=f"stp_{number}",
            assistant=assistant,
            tool=tool,
            tool_title={"en": tool, "zh": tool},
            risk="money",
            arguments={},
            arguments_hash="0",
            facts=chance.choice([{}, {"refunded_total": chance.randrange(100)}]),
            changes=[],
            rules=[],
            votes=[],
            cost_micro=0,
            currency="CNY",
            requested_by=who.person_id,
            requested_by_name=who.name,
            message="",
            status=chance.choice(STATUSES),
            created_at=work.now(),
            expires_at=work.now() + timedelta(hours=chance.choice([-1, 1])),
        )
        work.session.add(row)


def hand_on(work: Work, people: Sequence[Principal], chance: random.Random) -> None:
    for number in range(6):
        owner, to = chance.sample(people, 2)
        assistant, tool = chance.choice([(None, None), (None, "refund_order"), ("after-sales", None), KINDS[0]])
        now = work.now()
        row = DelegationRow(id=f"dlg_{number}", org_id=to.org_id, from_id=owner.person_id, to_id=to.person_id)
        row.assistant, row.tool, row.created_at, row.revoked_at = assistant, tool, now, None
        row.starts_at, row.ends_at = now, now + timedelta(hours=chance.choice([0, 1, 1]))
        work.session.add(row)


def one_by_one(work: Work, desk: Desk, who: Principal, status: str | None) -> list[str]:
    """Return what somebody sees, having looked at every approval there is."""
    rights = Rights(desk.platform.policy, desk.platform.principals).of(work, who)
    rows = work.session.scalars(select(ApprovalRow).order_by(ApprovalRow.id.desc())).all()
    seen = (row for row in rows if row.requested_by == who.person_id or rights.over(row) is not None)
    return [row.id for row in seen if status in {None, row.status}]


def ids(found: Sequence[Approval]) -> list[str]:
    return [one.id for one in found]


@pytest.mark.parametrize("seed", range(3))
def test_everybody_sees_what_they_would_be_let_see_one_by_one(either: Desk, seed: int) -> None:
    chance, approvals = random.Random(seed), either.platform.approvals  # noqa: S311 - it keeps no secret
    people = [either.clerk, either.manager, either.finance, either.warehouse]
    if seed:
        either.platform.policy.adopt(either.clerk.org_id, {"a.cedar": RULES})
    with either.platform.database.writing(either.clerk.org_id) as work:
        fill(work, people, chance, 120, KINDS)
        hand_on(work, people, chance)
    with either.platform.database.reading(either.clerk.org_id) as work:
        for who in people:
            for status in (None, "waiting", "approved"):
                expected = one_by_one(work, either, who, status)
                assert ids(approvals.list_approvals(work, who, status, 500)) == expected
                assert ids(approvals.list_approvals(work, who, status, 7)) == expected[:7]
                paged: list[str] = []
                last: str | None = None
                while page := approvals.list_approvals(work, who, status, 7, before=last):
                    paged += ids(page)
                    last = page[-1].id
                assert paged == expected
            shown = {one.id: one.can_decide for one in approvals.list_approvals(work, who, None, 500)}
            waiting = approvals.list_approvals(work, who, "waiting")
            assert approvals.count_waiting(work, who) == sum(shown[one.id] for one in waiting)


def test_nothing_is_fetched_that_is_not_shown_where_rules_ask_for_no_facts(either: Desk) -> None:
    people = [either.manager, either.finance]
    with either.platform.database.writing(either.clerk.org_id) as work:
        fill(work, people, random.Random(0), 200, KINDS[1:])  # noqa: S311 - it keeps no secret
        one = work.session.get_one(ApprovalRow, "apr_00100")
        one.requested_by, one.tool = either.clerk.person_id, "refund_order"
    fetched: list[str] = []

    def note(row: ApprovalRow, _context: object) -> None:
        fetched.append(row.id)

    event.listen(ApprovalRow, "load", note)
    with either.platform.database.reading(either.clerk.org_id) as work:
        assert ids(either.platform.approvals.list_approvals(work, either.clerk)) == ["apr_00100"]
        assert fetched == ["apr_00100"]
        fetched.clear()
        finance = ids(either.platform.approvals.list_approvals(work, either.finance, None, 500))
        assert sorted(fetched) == sorted(finance)
        assert "apr_00100" in finance
    event.remove(ApprovalRow, "load", note)
