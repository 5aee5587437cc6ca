"""People are found in their own organisation, with the roles they have now."""

from collections.abc import Generator
from pathlib import Path

import pytest

from jindou.db import Database
from jindou.errors import NotFound
from jindou.identity.principals import NameTaken, Person, Principals
from support.ground import OTHERS, OURS, open_database


@pytest.fixture
def database(tmp_path: Path) -> Generator[Database]:
    with open_database(tmp_path) as database:
        yield database


def add(database: Database, org_id: str, handle: str, *roles: str) -> Person:
    title = {"en": "Clerk", "zh": "客服"}
    person = Person(id="", handle=handle, name=handle.title(), title=title, roles=list(roles), language="en")
    with database.writing(org_id) as work:
        return Principals().create_person(work, org_id, person)


def test_a_person_is_found_by_handle_and_by_id_in_their_organisation_only(database: Database) -> None:
    ours, others = add(database, OURS, "clerk", "clerk"), add(database, OTHERS, "clerk", "manager")
    with database.reading(OURS) as work:
        assert Principals().find(work, "clerk") == ours
        assert Principals().get(work, ours.id) == ours
        assert Principals().principal(work, OURS, ours.id).roles == ("clerk",)
        with pytest.raises(NotFound):
            Principals().get(work, others.id)
        with pytest.raises(NotFound, match="'ceo'; there are: clerk"):
            Principals().find(work, "ceo")


def test_a_handle_is_somebodys_alone_in_an_organisation(database: Database) -> None:
    add(database, OURS, "clerk")
    with pytest.raises(NameTaken):
        add(database, OURS, "clerk")


def test_who_acts_is_the_person_unless_somebody_else_sits_at_the_door(database: Database) -> None:
    clerk = add(database, OURS, "clerk")
    with database.reading(OURS) as work:
        assert Principals().principal(work, OURS, clerk.id).actor == clerk.id
        assert Principals().principal(work, OURS, clerk.id, "operator").actor == "operator"


def test_an_empty_installation_has_no_organisation(database: Database) -> None:
    with database.reading(None) as work:
        assert Principals().find_organisation(work) is None
        with pytest.raises(NotFound, match="jindou up"):
            Principals().organisation(work)
        with pytest.raises(NotFound):
            Principals().organisation_name(work, "org_none")
    with database.writing(None) as work:
        org_id = Principals().create_organisation(work, "Somersault Lamps")
    with database.reading(None) as work:
        assert Principals().organisation(work) == org_id
        assert Principals().organisation_name(work, org_id) == "Somersault Lamps"
