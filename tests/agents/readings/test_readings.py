"""Nobody reads another's conversation unless that is open, with a reason, and before their eyes."""

from collections.abc import Generator
from pathlib import Path

import pytest
from pydantic import ValidationError

from jindou.agents.readings import ReadConversation, Reading, ReadingAsk
from jindou.errors import Forbidden, Invalid, NotFound
from jindou.identity.principals import Principal
from support.desk import Desk, open_desk

WHY = "complaint 4711 of a customer"


@pytest.fixture
def desk(tmp_path: Path) -> Generator[Desk]:
    with open_desk(tmp_path / "home", "The lamp is on its way.") as desk:
        yield desk


def read(desk: Desk, subject: str, who: Principal | None = None, reason: str = WHY) -> ReadConversation:
    who = who or desk.manager
    with desk.platform.database.writing(who.org_id) as work:
        return desk.platform.readings.read(work, who, ReadingAsk(subject=subject, reason=reason))


def switch(desk: Desk, who: Principal | None = None, *, is_open: bool = True) -> bool:
    who = who or desk.manager
    with desk.platform.database.writing(who.org_id) as work:
        return desk.platform.readings.set_policy(work, who, is_open=is_open).open


def shown(desk: Desk, who: Principal) -> list[Reading]:
    with desk.platform.database.reading(who.org_id) as work:
        return desk.platform.readings.list_readings(work, who)


def test_conversations_are_closed_at_first_and_again_when_somebody_closes_them(desk: Desk) -> None:
    run = desk.ask("Where is my lamp?")
    with pytest.raises(Forbidden, match="content-is-closed"):
        read(desk, run.conversation_id)
    assert switch(desk)
    assert read(desk, run.conversation_id).runs[0].answer == "The lamp is on its way."
    assert not switch(desk, is_open=False)
    with pytest.raises(Forbidden, match="content-is-closed"):
        read(desk, run.conversation_id)
    with desk.platform.database.reading(desk.clerk.org_id) as work:
        policy = desk.platform.readings.policy(work)
    assert (policy.open, policy.changed_by_name) == (False, desk.manager.name)


def test_a_reading_is_shown_to_the_person_and_is_in_the_trail(desk: Desk) -> None:
    run = desk.ask("Where is my lamp?")
    switch(desk)
    read(desk, run.id, reason="  complaint  4711 of a customer ")
    read(desk, run.conversation_id, reason="the same complaint again")
    seen = shown(desk, desk.clerk)
    assert [(one.reader_name, one.reason) for one in seen] == [
        (desk.manager.name, "the same complaint again"),
        (desk.manager.name, WHY),
    ]
    assert {one.conversation_id for one in seen} == {run.conversation_id}
    assert shown(desk, desk.warehouse) == shown(desk, desk.manager) == []
    with desk.platform.database.reading(desk.manager.org_id) as work:
        told = [e for e in desk.platform.audit.search(work, desk.manager) if e.action.startswith("readings::")]
    assert [event.action for event in told] == ["readings::create", "readings::create", "readings::update"]
    assert (told[1].resource, told[1].detail["person"], told[1].detail["reason"]) == (
        run.conversation_id,
        desk.clerk.person_id,
        WHY,
    )
    assert told[2].detail == {"open": True}


def test_only_administrators_read_and_open_and_others_do_not_learn_what_exists(desk: Desk) -> None:
    run = desk.ask("Where is my lamp?")
    switch(desk)
    for who in (desk.clerk, desk.warehouse, desk.finance):
        with pytest.raises(Forbidden):
            switch(desk, who)
        for subject in (run.conversation_id, run.id, "cnv_none", "run_none"):
            with pytest.raises(Forbidden, match="default-deny"):
                read(desk, subject, who)
    for subject in ("cnv_none", "run_none", "x"):
        with pytest.raises(NotFound):
            read(desk, subject)
    own = desk.ask("Where is mine?", desk.manager)
    with pytest.raises(Invalid, match="your own"):
        read(desk, own.id)
    with desk.platform.database.writing("org_others") as work, pytest.raises(Forbidden):
        desk.platform.readings.read(work, desk.manager, ReadingAsk(subject=run.id, reason=WHY))


def test_what_could_not_be_written_down_is_not_read(desk: Desk) -> None:
    run = desk.ask("Where is my lamp?")
    switch(desk)
    who = desk.manager

    def read_and_fail() -> None:
        with desk.platform.database.writing(who.org_id) as work:
            desk.platform.readings.read(work, who, ReadingAsk(subject=run.id, reason=WHY))
            raise LookupError

    with pytest.raises(LookupError):
        read_and_fail()
    assert shown(desk, desk.clerk) == []


@pytest.mark.parametrize("reason", ["", "too short", " " * 20, "x" * 501, "unseen \u202e letters"])
def test_a_reason_says_something(reason: str) -> None:
    with pytest.raises(ValidationError):
        ReadingAsk(subject="run_1", reason=reason)
