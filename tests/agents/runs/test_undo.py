"""Undoing a run puts back what can be put back, the last first, says what can't, and is a run itself."""

from collections.abc import Generator
from pathlib import Path

import pytest

from jindou.agents.runs.undoing import NothingToUndo
from jindou.errors import Conflict, NotFound
from support.desk import ORDER, Desk, open_desk
from support.scripted import call

PAID = "SO-10962"
NEW = "上海市徐汇区衡山路12号"
MOVE = call("change_address", order_id=PAID, address=NEW)
DRAFT = call("draft_reply", order_id=PAID, text="We have changed your address.")
REFUND = call("refund_order", order_id=ORDER, amount=25.5, reason="broken lamp")
ASK = f"Change the address of {PAID} to {NEW}. We have changed your address."


@pytest.fixture
def desk(home: Path) -> Generator[Desk]:
    with open_desk(home, MOVE, "Changed.") as desk:
        desk.let_change(3)
        yield desk


def test_an_address_is_put_back_by_a_run_of_its_own(desk: Desk) -> None:
    before = desk.address(PAID)
    run = desk.ask(ASK)
    assert desk.address(PAID) == NEW
    (item,) = desk.plan_undo(run.id).items
    assert (item.tool, item.outcome) == ("change_address", "can")
    assert [(change.before, change.after) for change in item.changes] == [(NEW, before)]
    assert desk.address(PAID) == NEW
    undo = desk.undo(run.id)
    assert (undo.status, undo.undoes, undo.answer) == ("done", run.id, "Put back: Change the address.")
    assert [(step.kind, step.name, step.status) for step in undo.journal] == [("tool", "restore_address", "done")]
    assert desk.address(PAID) == before
    assert [action for action, _, _ in desk.audited()][-3:] == [
        "runs::undo",
        "ecommerce::restore_address",
        "runs::finish",
    ]


def test_it_is_explained_that_a_run_was_undone_and_what_its_undo_is(desk: Desk) -> None:
    run = desk.ask(ASK)
    undo = desk.undo(run.id)
    with desk.platform.database.reading(desk.clerk.org_id) as work:
        of_run, of_undo = (desk.platform.runs.explain(work, desk.clerk, one) for one in (run.id, undo.id))
    assert f"It was undone by {undo.id}: Put back: Change the address." in of_run.why["en"]
    assert f"已由 {undo.id} 撤销" in of_run.why["zh"]
    assert (of_undo.code, run.id in of_undo.why["en"]) == ("undo", True)


def test_undoing_twice_does_nothing_more(desk: Desk) -> None:
    run = desk.ask(ASK)
    first = desk.undo(run.id)
    desk.readdress_behind_our_back(PAID, NEW)
    assert desk.undo(run.id).id == first.id
    assert desk.address(PAID) == NEW
    assert [item.outcome for item in desk.plan_undo(run.id).items] == ["undone"]


def test_the_last_effect_is_put_back_first_and_what_cannot_be_is_said_first(desk: Desk) -> None:
    desk.let_say(MOVE, REFUND, DRAFT, "All three are done.")
    run = desk.ask(f"{ASK} Refund 25.5 on {ORDER}, broken lamp.")
    assert (run.status, run.answer) == ("done", "All three are done.")
    items = desk.plan_undo(run.id).items
    assert [(item.tool, item.outcome) for item in items] == [
        ("refund_order", "cannot"),
        ("draft_reply", "can"),
        ("change_address", "can"),
    ]
    assert "can't be called back" in items[0].reason["en"]
    assert items[0].reason["zh"]
    undo = desk.undo(run.id)
    assert [step.name for step in undo.journal] == ["discard_draft", "restore_address"]
    assert undo.status == "done"
    assert undo.answer is not None
    assert undo.answer.startswith("Put back: Draft a reply, Change the address. Not put back: Refund (The money is")
    assert desk.drafts(PAID) == []
    assert 25_500_000 in desk.refunds()


def test_what_was_changed_again_since_is_left_alone_and_the_rest_is_put_back(desk: Desk) -> None:
    desk.let_say(MOVE, DRAFT, "Done.")
    run = desk.ask(ASK)
    desk.readdress_behind_our_back(PAID, "Somewhere else")
    cannot, can = desk.plan_undo(run.id).items
    assert (cannot.outcome, can.outcome) == ("cannot", "can")
    undo = desk.undo(run.id)
    assert (undo.status, [step.status for step in undo.journal]) == ("failed", ["done", "failed"])
    assert undo.error is not None
    assert undo.error.startswith("Put back: Draft a reply. Not put back: Change the address (The address of")
    assert desk.address(PAID) == "Somewhere else"


def test_what_failed_can_be_tried_again_and_what_is_done_stays_done(desk: Desk) -> None:
    desk.let_say(MOVE, DRAFT, "Done.")
    before = desk.address(PAID)
    run = desk.ask(ASK)
    desk.readdress_behind_our_back(PAID, "Somewhere else")
    first = desk.undo(run.id)
    desk.readdress_behind_our_back(PAID, NEW)
    second = desk.undo(run.id)
    assert second.id != first.id
    assert [step.name for step in second.journal] == ["restore_address"]
    assert desk.address(PAID) == before


def test_an_undo_goes_through_the_rules(desk: Desk) -> None:
    run = desk.ask(ASK)
    desk.give_roles(desk.clerk, "warehouse")
    undo = desk.undo(run.id)
    assert (undo.status, undo.journal[0].status) == ("failed", "refused")
    assert [rule.id for rule in undo.journal[0].rules] == ["ecommerce.warehouse-no-customer-data"]
    assert desk.address(PAID) == NEW


def test_an_undo_asks_where_the_assistant_asks_always(desk: Desk) -> None:
    run = desk.ask(ASK)
    before = desk.address(PAID)
    desk.let_ask("always")
    assert desk.plan_undo(run.id).items[0].outcome == "asks"
    undo = desk.undo(run.id)
    assert undo.status == "waiting"
    (approval,) = desk.inbox(status="waiting")
    assert (approval.tool, approval.message) == ("restore_address", f"Undo: {ASK}")
    assert {origin.source for origin in approval.origins.values()} == {"record"}
    assert desk.undo(run.id).id == undo.id
    desk.approve(approval.id)
    assert desk.move_on(undo.id).status == "done"
    assert desk.address(PAID) != before


def test_a_model_cannot_call_what_only_an_undo_may(desk: Desk) -> None:
    before = desk.address(PAID)
    desk.let_say(call("restore_address", order_id=PAID, address=NEW, instead_of=before), "Done.")
    run = desk.ask(ASK)
    assert run.status != "done" or run.journal[-1].kind == "model"
    assert desk.address(PAID) == before


def test_what_changed_nothing_or_is_not_over_or_is_anothers_is_not_undone(desk: Desk) -> None:
    desk.let_say("Nothing to do.")
    idle = desk.ask("Hello?")
    with pytest.raises(NothingToUndo):
        desk.undo(idle.id)
    desk.let_say(call("refund_order", order_id=ORDER, amount=120, reason="broken lamp"), "Done.")
    waiting = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
    with pytest.raises(Conflict, match="not over"):
        desk.undo(waiting.id)
    for somebody in (desk.manager, desk.warehouse):
        with pytest.raises(NotFound):
            desk.undo(waiting.id, somebody)


def test_the_next_run_hears_of_the_undo_and_not_of_its_calls(desk: Desk) -> None:
    run = desk.ask(ASK)
    desk.undo(run.id)
    desk.let_say("Yes.")
    desk.ask("Is it put back?", conversation_id=run.conversation_id)
    assert desk.engine is not None
    told = [str(message["content"]) for message in desk.engine.requests[-1].messages]
    assert any("Put back: Change the address." in text for text in told)
    assert not any("restore_address" in text for text in told)


def test_what_a_branch_took_over_is_undone_with_the_run_that_did_it(desk: Desk) -> None:
    before = desk.address(PAID)
    run = desk.ask(ASK)
    with desk.platform.database.writing(desk.clerk.org_id) as work:
        branch = desk.platform.runs.branch(work, desk.clerk, run.id, 2)
    assert desk.move_on(branch.id).status == "done"
    assert desk.plan_undo(branch.id).items == []
    with pytest.raises(NothingToUndo):
        desk.undo(branch.id)
    undo = desk.undo(run.id)
    assert desk.address(PAID) == before
    with pytest.raises(Conflict), desk.platform.database.writing(desk.clerk.org_id) as work:
        desk.platform.runs.branch(work, desk.clerk, undo.id, 1)
