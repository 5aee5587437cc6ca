"""A signed link decides once, as its person, about the arguments it was made for, with the rights of that moment."""

import base64
import json
from datetime import timedelta

import pytest

from jindou.agents.approvals import Approval, Verdict
from jindou.agents.approvals.links import DecisionLink, LinkInvalid, LinkUsed
from jindou.errors import Conflict, Forbidden, Invalid, NotFound
from jindou.identity.principals import Principal
from support.desk import ORDER, Desk
from support.scripted import call

ASK = f"Refund 120 on {ORDER}, broken lamp"
YES = Verdict(decision="approve")


@pytest.fixture
def run_id(desk: Desk) -> str:
    return desk.ask(ASK).id


def link(desk: Desk, who: Principal | None = None) -> DecisionLink:
    who = who or desk.manager
    with desk.platform.database.writing(who.org_id) as work:
        return desk.platform.approvals.links.create(work, who, desk.inbox()[0].id)


def use(desk: Desk, token: str, verdict: Verdict = YES) -> Approval:
    links = desk.platform.approvals.links
    claim = links.read(token, desk.clock)
    with desk.platform.database.writing(claim.org_id) as work:
        return links.decide(work, claim, verdict)


def look(desk: Desk, token: str) -> Approval:
    links = desk.platform.approvals.links
    claim = links.read(token, desk.clock)
    with desk.platform.database.reading(claim.org_id) as work:
        return links.show(work, claim)


def test_a_link_is_looked_at_often_and_decides_once(desk: Desk, run_id: str) -> None:
    made = link(desk)
    assert [look(desk, made.token).status for _ in range(3)] == ["waiting"] * 3
    assert use(desk, made.token).status == "approved"
    for again in (use, look):
        with pytest.raises(LinkUsed):
            again(desk, made.token)
    assert desk.move_on(run_id).status == "done"
    with desk.platform.database.reading(desk.manager.org_id) as work:
        trail = desk.platform.audit.search(work, desk.manager)
    decided = next(event for event in trail if event.action == "approvals::decide")
    assert (decided.actor, decided.on_behalf_of) == (f"link:{made.id}", desk.manager.person_id)


@pytest.mark.usefixtures("run_id")
def test_a_denial_without_a_reason_does_not_use_the_link_up(desk: Desk) -> None:
    made = link(desk)
    with pytest.raises(Invalid):
        use(desk, made.token, Verdict(decision="deny"))
    assert use(desk, made.token, Verdict(decision="deny", reason="No.")).status == "denied"


@pytest.mark.usefixtures("run_id")
def test_a_link_that_was_changed_or_is_too_old_is_none(desk: Desk) -> None:
    made = link(desk)
    body, _, signature = made.token.partition(".")
    claim = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    forged = base64.urlsafe_b64encode(json.dumps({**claim, "person_id": desk.finance.person_id}).encode()).decode()
    for token in ("", ".", "x.y", "é.é", f"{forged.rstrip('=')}.{signature}", f"{body}.{signature[:-2]}", body):
        with pytest.raises(LinkInvalid):
            use(desk, token)
    desk.clock.move(timedelta(hours=24))
    with pytest.raises(LinkInvalid):
        use(desk, made.token)


@pytest.mark.usefixtures("run_id")
def test_a_link_gives_no_right_that_its_person_has_lost(desk: Desk) -> None:
    made = link(desk)
    desk.give_roles(desk.manager)
    with pytest.raises(NotFound):
        use(desk, made.token)
    assert desk.inbox(desk.finance)[0].status == "waiting"


@pytest.mark.usefixtures("run_id")
def test_only_who_may_decide_gets_a_link(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        link(desk, desk.clerk)
    with pytest.raises(NotFound):
        link(desk, desk.warehouse)
    desk.approve(desk.inbox()[0].id)
    with pytest.raises(Forbidden):
        link(desk)


def test_a_link_is_for_the_arguments_that_it_was_made_for(desk: Desk) -> None:
    desk.let_say(call("refund_order", order_id="SO-10120", amount=5500, reason="wrong lamps"))
    desk.ask("Refund 5500 on SO-10120, wrong lamps")
    made = link(desk)
    edit = {"order_id": "SO-10120", "amount": 5400, "reason": "wrong lamps"}
    assert desk.approve_with(desk.inbox()[0].id, edit, desk.finance).status == "waiting"
    with pytest.raises(Conflict) as changed:
        use(desk, made.token)
    assert changed.value.code == "approval_changed"
