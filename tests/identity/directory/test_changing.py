"""Administrators look after others: never after themselves, and never until nobody is left who can."""

from collections.abc import Generator
from pathlib import Path

import pytest
from directory_staff import Staff

from jindou.errors import Forbidden, Invalid, NotFound, Unauthenticated
from jindou.identity.directory.changing import LastAdministrator, UnknownRole
from jindou.identity.principals import NameTaken
from support.desk import open_desk


@pytest.fixture
def staff(tmp_path: Path) -> Generator[Staff]:
    with open_desk(tmp_path, "Hello.") as desk:
        yield Staff(desk)


def refused_by(error: pytest.ExceptionInfo[Forbidden]) -> tuple[str, ...]:
    return error.value.rules


def test_nobody_but_an_administrator_looks_after_people(staff: Staff) -> None:
    desk = staff.desk
    for who in (desk.clerk, desk.warehouse, desk.finance):
        with pytest.raises(Forbidden):
            staff.hire("new", who=who)
        with pytest.raises(Forbidden):
            staff.change(desk.clerk.person_id, who, roles=["manager"])
        with pytest.raises(Forbidden):
            staff.deactivate(desk.manager.person_id, who)


def test_a_role_that_no_rule_names_is_refused_wherever_one_is_given(staff: Staff) -> None:
    clerk, team = staff.desk.clerk.person_id, staff.team("Night", roles=("clerk",)).id
    ways = (
        lambda: staff.hire("newcomer", "clerc"),
        lambda: staff.change(clerk, roles=["clerk", "chief"]),
        lambda: staff.team("Day", roles=("clerc",)),
        lambda: staff.change_team(team, roles=["owner"]),
    )
    for way in ways:
        with pytest.raises(UnknownRole, match="there are: administrator, clerk, finance, manager") as refused:
            way()
        assert refused.value.field == "roles"
    assert staff.change(clerk, roles=["clerk", "finance"]).roles == ["clerk", "finance"]


def test_whoever_lost_the_right_while_their_change_waited_changes_nothing(staff: Staff) -> None:
    staff.hire("ada", "administrator")
    staff.hire("eve", "administrator")
    ada, eve = staff.principal("ada"), staff.principal("eve")
    staff.change(ada.person_id, roles=["clerk"])
    staff.deactivate(eve.person_id)
    for who, refusal in ((ada, Forbidden), (eve, Unauthenticated)):
        with pytest.raises(refusal):
            staff.deactivate(staff.desk.manager.person_id, who)
        with pytest.raises(refusal):
            staff.team("Night", who=who)
    assert staff.principal("manager")


def test_nobody_changes_their_own_roles_by_any_way(staff: Staff) -> None:
    desk = staff.desk
    me = desk.manager.person_id
    others = staff.team("Others", desk.clerk.person_id, roles=("finance",))
    mine = staff.team("Mine", me)
    ways = (
        lambda: staff.change(me, roles=["administrator", "clerk", "manager"]),
        lambda: staff.change(me, roles=["administrator"]),
        lambda: staff.team("New", me, roles=("finance",)),
        lambda: staff.change_team(mine.id, roles=["finance"]),
        lambda: staff.change_team(others.id, members=[me]),
    )
    for way in ways:
        with pytest.raises(Forbidden) as refused:
            way()
        assert refused_by(refused) == ("jindou.no-self-grant",)
    assert staff.principal("manager").roles == ("manager", "administrator")


def test_the_last_active_administrator_stays(staff: Staff) -> None:
    desk = staff.desk
    with pytest.raises(LastAdministrator):
        staff.deactivate(desk.manager.person_id)
    second = staff.hire("second", "administrator")
    staff.deactivate(second.id)
    with pytest.raises(LastAdministrator):
        staff.deactivate(desk.manager.person_id)
    staff.reactivate(second.id)
    staff.deactivate(desk.manager.person_id, staff.principal("second"))
    with pytest.raises(Forbidden):
        staff.change(second.id, staff.principal("second"), roles=[])


def test_a_team_that_makes_administrators_keeps_the_last_one(staff: Staff) -> None:
    desk = staff.desk
    team = staff.team("Administration", desk.clerk.person_id, roles=("administrator",))
    clerk = staff.principal("clerk")
    assert clerk.roles == ("clerk", "administrator")
    staff.change(desk.manager.person_id, clerk, roles=["manager"])
    by_others = staff.hire("third", "administrator", who=clerk)
    staff.change_team(team.id, staff.principal("third"), members=[])
    assert staff.principal("clerk").roles == ("clerk",)
    with pytest.raises(LastAdministrator):
        staff.deactivate(by_others.id, staff.principal("third"))


def test_roles_of_teams_count_while_one_is_in_them(staff: Staff) -> None:
    desk = staff.desk
    team = staff.team("Refunds", desk.warehouse.person_id, roles=("finance",))
    assert staff.principal("warehouse").roles == ("warehouse", "finance")
    staff.change_team(team.id, roles=["clerk", "finance"])
    assert staff.principal("warehouse").roles == ("warehouse", "clerk", "finance")
    staff.change_team(team.id, members=[])
    assert staff.principal("warehouse").roles == ("warehouse",)


def test_a_handle_and_a_teams_name_have_no_look_alikes(staff: Staff) -> None:
    staff.team("Night shift")
    for handle in ("Clerk", "c1erk", "rnanager"):
        with pytest.raises(NameTaken) as taken:
            staff.hire(handle)
        assert (taken.value.params["field"], str(taken.value.params["rule"])[:12]) == ("handle", "no look-alik")
    with pytest.raises(NameTaken):
        staff.team("Night Shlft")
    clerk = staff.hire("kim", "clerk")
    with pytest.raises(NameTaken):
        staff.change(clerk.id, handle="Manager")
    assert staff.change(clerk.id, handle="Kim").handle == "Kim"


def test_a_title_commands_no_terminal(staff: Staff) -> None:
    for wrong in ("\x1b]52;c;aGk=\a", "Clerk\x9b31m", "\u202eboss"):
        with pytest.raises(Invalid) as refused:
            staff.hire("newcomer", title={"en": wrong})
        assert refused.value.field == "title"
        with pytest.raises(Invalid):
            staff.change(staff.desk.clerk.person_id, title={"zh": wrong})
    hired = staff.hire("newcomer", title={"en": " Head of  Lamps ", "zh": ""})
    assert hired.title == {"en": "Head of Lamps", "zh": "Head of Lamps"}


def test_a_team_has_members_who_are_there(staff: Staff) -> None:
    with pytest.raises(NotFound):
        staff.team("Ghosts", "prs_none")


def test_every_change_is_in_the_trail(staff: Staff) -> None:
    desk = staff.desk
    person = staff.hire("kim", "clerk")
    staff.change(person.id, roles=["finance"])
    team = staff.team("Refunds", person.id)
    staff.change_team(team.id, roles=["clerk"])
    staff.deactivate(person.id)
    staff.reactivate(person.id)
    with desk.platform.database.reading(desk.manager.org_id) as work:
        events = desk.platform.audit.search(work, desk.manager)
        assert desk.platform.audit.verify(work, desk.manager).ok
    told = [(event.action, event.on_behalf_of) for event in events if event.action.startswith(("people", "teams"))]
    verbs = ("people::reactivate", "people::deactivate", "teams::update", "teams::create")
    assert told == [(verb, desk.manager.person_id) for verb in (*verbs, "people::update", "people::create")]
