"""Whoever is deactivated has nothing left that acts for them; whoever comes back has their roles and nothing else."""

from collections.abc import Generator
from pathlib import Path

import pytest
from directory_staff import Staff
from pydantic import SecretStr

from jindou.agents.runs import RunDetail
from jindou.cloud.secrets import SecretAsk
from jindou.errors import NotFound, Unauthenticated
from jindou.identity.keys import KeyAsk, KeyRevoked
from jindou.identity.principals import PersonInactive
from support.desk import Desk, open_desk
from support.scripted import call

ASK = "Refund 120 on SO-10007, broken lamp"


@pytest.fixture
def staff(tmp_path: Path) -> Generator[Staff]:
    refund = call("refund_order", order_id="SO-10007", amount=120, reason="broken lamp")
    with open_desk(tmp_path, refund, "Refunded.") as desk:
        yield Staff(desk)


def rules_of(run: RunDetail) -> list[str]:
    return [rule.id for rule in run.rules]


def session_of(desk: Desk) -> str:
    with desk.platform.database.writing(None) as work:
        return desk.platform.sessions.open(work, desk.clerk.org_id, desk.clerk.person_id, desk.clerk.person_id)


def test_sessions_and_sign_in_links_end(staff: Staff) -> None:
    desk = staff.desk
    secret = session_of(desk)
    with desk.platform.database.writing(None) as work:
        link = desk.platform.sessions.create_link(work, desk.clerk.org_id, desk.clerk.person_id)
    assert staff.deactivate(desk.clerk.person_id).active is False
    assert staff.deactivate(desk.clerk.person_id).version == 2, "Asked again, it does nothing more."
    with desk.platform.database.writing(None) as work:
        with pytest.raises(Unauthenticated):
            desk.platform.sessions.principal(work, secret)
        with pytest.raises(Unauthenticated):
            desk.platform.sessions.redeem(work, link)
        with pytest.raises(PersonInactive):
            desk.platform.principals.principal(work, desk.clerk.org_id, desk.clerk.person_id)
        with pytest.raises(NotFound, match="there are: warehouse, manager, finance"):
            desk.platform.principals.find(work, "clerk")


def test_keys_are_refused_at_once_also_where_they_are_remembered(staff: Staff) -> None:
    desk, ring = staff.desk, staff.desk.platform.gateway.keys
    with desk.platform.database.writing(desk.clerk.org_id) as work:
        key = desk.platform.keys.create(work, desk.clerk, KeyAsk(name="editor"))
    assert ring.load(key.secret).key_id == key.id
    staff.deactivate(desk.clerk.person_id)
    assert ring.lookup(key.secret) is None
    with pytest.raises(KeyRevoked):
        ring.load(key.secret)


def test_secrets_of_their_own_are_destroyed_and_the_organisations_stay(staff: Staff) -> None:
    desk, secrets = staff.desk, staff.desk.platform.secrets
    with desk.platform.database.writing(desk.manager.org_id) as work:
        secrets.put(work, desk.clerk, SecretAsk(name="erp", value=SecretStr("person-value")), secrets.wrapping())
        theirs = SecretAsk(name="erp", value=SecretStr("organisation-value"), owner="organisation")
        secrets.put(work, desk.manager, theirs, secrets.wrapping())
    assert secrets.use(desk.clerk, "erp", "assistant:a", "k1").reveal() == "person-value"
    staff.deactivate(desk.clerk.person_id)
    assert secrets.use(desk.clerk, "erp", "assistant:a", "k2").reveal() == "organisation-value"


def test_a_run_that_waits_ends_as_refused_and_its_approval_is_withdrawn(staff: Staff) -> None:
    desk = staff.desk
    run = desk.ask(ASK)
    (approval,) = desk.inbox(status="waiting")
    staff.deactivate(desk.clerk.person_id)
    assert desk.inbox(status="waiting") == []
    assert [one.status for one in desk.inbox() if one.id == approval.id] == ["withdrawn"]
    ended = desk.move_on(run.id)
    assert (ended.status, rules_of(ended)) == ("refused", ["jindou.person-inactive"])
    assert 120_000_000 not in desk.refunds()


def test_an_approved_call_is_not_made_for_somebody_who_left(staff: Staff) -> None:
    desk = staff.desk
    run = desk.ask(ASK)
    (approval,) = desk.inbox(status="waiting")
    desk.approve(approval.id)
    staff.deactivate(desk.clerk.person_id)
    assert desk.move_on(run.id).status == "refused"
    assert 120_000_000 not in desk.refunds()


def test_a_run_that_rests_or_has_not_begun_ends_too(staff: Staff) -> None:
    desk = staff.desk
    queued, paused = desk.start(ASK), desk.start(ASK)
    with desk.platform.database.writing(desk.clerk.org_id) as work:
        assert desk.platform.runs.control.pause(work, desk.clerk, paused.id).status == "paused"
    staff.deactivate(desk.clerk.person_id)
    for run in (queued, paused):
        ended = desk.move_on(run.id)
        assert (ended.status, rules_of(ended)) == ("refused", ["jindou.person-inactive"])


def test_a_decision_of_somebody_who_left_counts_no_more(staff: Staff) -> None:
    desk = staff.desk
    boss = staff.hire("boss", "manager", "administrator")
    run = desk.ask(ASK)
    (approval,) = desk.inbox(status="waiting")
    desk.approve(approval.id)
    staff.deactivate(desk.manager.person_id, staff.principal(boss.handle))
    assert desk.move_on(run.id).status == "refused"
    assert 120_000_000 not in desk.refunds()


def test_rights_that_were_handed_on_are_taken_back_both_ways(staff: Staff) -> None:
    desk = staff.desk
    to_clerk = desk.hand_on("clerk")
    desk.ask(ASK, staff.principal(staff.hire("temp", "clerk").handle))
    assert [approval.can_decide for approval in desk.inbox(desk.clerk)] == [True]
    staff.deactivate(desk.clerk.person_id)
    staff.reactivate(desk.clerk.person_id)
    assert desk.inbox(desk.clerk) == []
    with desk.platform.database.reading(desk.manager.org_id) as work:
        (kept,) = desk.platform.approvals.delegations.list_delegations(work, desk.manager)
    assert (kept.id, kept.is_active) == (to_clerk.id, False)


def test_a_link_to_decide_with_decides_nothing_any_more(staff: Staff) -> None:
    desk, links = staff.desk, staff.desk.platform.approvals.links
    desk.ask(ASK)
    (approval,) = desk.inbox(desk.finance, status="waiting")
    with desk.platform.database.writing(desk.finance.org_id) as work:
        link = links.create(work, desk.finance, approval.id)
    staff.deactivate(desk.finance.person_id)
    claim = links.read(link.token, desk.clock)
    with desk.platform.database.reading(desk.finance.org_id) as work, pytest.raises(Unauthenticated):
        links.show(work, claim)


def test_coming_back_gives_back_the_roles_and_nothing_else(staff: Staff) -> None:
    desk = staff.desk
    secret = session_of(desk)
    staff.deactivate(desk.clerk.person_id)
    back = staff.reactivate(desk.clerk.person_id)
    assert (back.active, back.roles) == (True, ["clerk"])
    assert staff.principal("clerk").roles == ("clerk",)
    with desk.platform.database.reading(None) as work, pytest.raises(Unauthenticated):
        desk.platform.sessions.principal(work, secret)
