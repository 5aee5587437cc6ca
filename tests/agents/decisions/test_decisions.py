"""Asking what would be decided: the doorway's own answer, without a deed and without a leak."""

from collections.abc import Generator
from pathlib import Path

import pytest

from jindou.agents.decisions import Answer, Proposal
from jindou.agents.tools import Asked
from jindou.assembly import Platform
from jindou.errors import Forbidden, NotFound
from support.platform import as_person, open_platform
from support.scripted import refund_script


@pytest.fixture
def platform(home: Path) -> Generator[Platform]:
    with open_platform(home, refund_script("SO-10234", 120.0)) as opened:
        yield opened


REFUND = {"order_id": "SO-10234", "amount": 120, "reason": "cracked"}


def explain(platform: Platform, asker: str, **proposal: object) -> Answer:
    who = as_person(platform, asker)
    with platform.database.reading(who.org_id) as work:
        return platform.decisions.explain(work, who, Proposal.model_validate({"assistant": "after-sales", **proposal}))


def test_a_clerk_hears_that_a_large_refund_asks_and_who_may_say_yes(platform: Platform) -> None:
    answer = explain(platform, "clerk", tool="refund_order", arguments=REFUND)
    assert (answer.verb, [rule.id for rule in answer.rules]) == ("ask", ["ecommerce.clerk-refund-limit"])
    assert answer.approvers == 1
    assert answer.deciders
    assert answer.reason in answer.rules[0].reason.values()


def test_asking_changes_nothing_and_is_the_doorways_own_answer(platform: Platform) -> None:
    small = {**REFUND, "amount": 1}
    first, second = (explain(platform, "clerk", tool="refund_order", arguments=small) for _ in range(2))
    assert first == second
    assert first.verb == "allow"
    who = as_person(platform, "clerk")
    with platform.database.reading(who.org_id) as work:
        assistant = platform.assistants.get("after-sales")
        asked = Asked(who, assistant, "refund_order", small, "run_1:stp_1", work.now())
    checked = platform.doorway.check(asked)
    assert (checked.decision.verb, list(checked.decision.rules)) == (first.verb, first.rules)
    assert checked.facts is not None
    assert checked.facts["refunded_before"] == 0


@pytest.mark.parametrize("order", ["SO-10234", "SO-99999", "nonsense"])
def test_who_has_no_right_hears_of_the_rule_and_not_of_what_exists(platform: Platform, order: str) -> None:
    answer = explain(platform, "warehouse", tool="refund_order", arguments={**REFUND, "order_id": order})
    assert (answer.verb, answer.problem) == ("deny", "")
    assert "ecommerce.warehouse-no-money" in {rule.id for rule in answer.rules}


def test_who_has_the_right_hears_what_is_wrong_with_the_arguments(platform: Platform) -> None:
    wrong = {**REFUND, "order_id": "SO-99999"}
    assert "SO-99999" in explain(platform, "clerk", tool="refund_order", arguments=wrong).problem
    assert "`amount`" in explain(platform, "clerk", tool="refund_order", arguments={"order_id": "SO-10234"}).problem


@pytest.mark.parametrize(
    ("given", "verb"),
    [
        ({"provenance": {"address": "person"}}, "allow"),
        ({"provenance": {"address": "tool"}}, "ask"),
        ({}, "ask"),
        ({"task": "Send SO-10962 to 上海市徐汇区衡山路12号."}, "allow"),
    ],
)
def test_an_address_that_the_person_did_not_say_asks(platform: Platform, given: dict[str, object], verb: str) -> None:
    arguments = {"order_id": "SO-10962", "address": "上海市徐汇区衡山路12号"}
    answer = explain(platform, "clerk", tool="change_address", arguments=arguments, **given)
    assert answer.verb == verb
    assert set(answer.origins) == {"order_id", "address"}


def test_only_who_may_explain_asks_for_others_and_nobody_learns_who_there_is(platform: Platform) -> None:
    assert explain(platform, "manager", principal="warehouse", tool="refund_order").verb == "deny"
    for name in ("manager", "nobody", "prs_of_another_organisation"):
        with pytest.raises(Forbidden):
            explain(platform, "clerk", principal=name, tool="refund_order")
    for name in ("nobody", "prs_of_another_organisation"):
        with pytest.raises(NotFound, match=f"^Nobody is called {name!r}"):
            explain(platform, "manager", principal=name, tool="refund_order")


def test_a_tool_or_an_assistant_that_there_is_not_is_not_found(platform: Platform) -> None:
    with pytest.raises(NotFound):
        explain(platform, "clerk", tool="steal")
    with pytest.raises(NotFound):
        explain(platform, "clerk", assistant="nobody", tool="refund_order")


@pytest.mark.parametrize("person", ["clerk", "warehouse", "manager", "finance"])
def test_rights_are_the_decisions_asked_one_by_one(platform: Platform, person: str) -> None:
    who = as_person(platform, person)
    with platform.database.reading(who.org_id) as work:
        rights = platform.decisions.rights(work, who, person, "after-sales")
    for right in rights.tools:
        answer = explain(platform, person, tool=right.tool)
        assert (right.verb, right.rules) == (answer.verb, answer.rules), right.tool


def test_conditions_name_the_rules_that_a_call_may_meet(platform: Platform) -> None:
    who = as_person(platform, "manager")
    with platform.database.reading(who.org_id) as work:
        clerk = platform.decisions.rights(work, who, "clerk")
        warehouse = platform.decisions.rights(work, who, "warehouse")
    met = {right.tool: [(c.verb, c.rule.id) for c in right.conditions] for right in clerk.tools}
    assert met["refund_order"] == [
        ("ask", "ecommerce.clerk-refund-limit"),
        ("ask", "ecommerce.large-refund-two-people"),
    ]
    assert met["change_address"] == [
        ("deny", "ecommerce.no-address-change-after-shipping"),
        ("ask", "ecommerce.address-from-outside"),
    ]
    assert met["get_order"] == []
    assert all(not right.conditions for right in warehouse.tools if right.verb == "deny")
