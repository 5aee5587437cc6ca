"""An organisation's own rules: checked, versioned, put in force everywhere, taken back; and what is refused."""

import shutil
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from jindou.agents.decisions import Proposal
from jindou.agents.policies import PolicyActivation, PolicyCheck, PolicyFiles, PolicyProposal, PolicyState
from jindou.assembly import Platform
from jindou.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from jindou.identity.directory import NewProfile
from jindou.identity.policy import Policy, PolicyHeadRow, PolicyVersionRow, Resource, Standing
from jindou.identity.principals import Principal
from support.platform import as_person, open_platform, run_to_rest
from support.scripted import refund_script

ASK = "Refund 30 on SO-10007, broken lamp"
SMALL = """@id("lamps.small-refunds")
@reason_en("Refunds from 20.00 CNY on wait for a manager.")
@reason_zh("20.00 元起的退款须主管批准。")
forbid (principal in Role::"clerk", action == Action::"ecommerce::refund_order", resource)
when { context has facts && context.facts.refunded_total >= 20000000 }
unless { context.approved };
"""
TESTS = """
- name: small
  roles: [clerk]
  assistant: after-sales
  tool: refund_order
  facts: {refunded_total: 19000000}
  expect: allow
- name: at the limit
  principal: clerk
  assistant: after-sales
  tool: refund_order
  facts: {refunded_total: 20000000}
  expect: ask
  rule: lamps.small-refunds
"""
FILES = {"refunds.cedar": SMALL, "tests.yaml": TESTS}


def rule(rest: str, name: str = "lamps.one") -> str:
    return f'@id("{name}") @reason_en("Because.") @reason_zh("因为。") {rest};'


@pytest.fixture
def platform(home: Path) -> Generator[Platform]:
    with open_platform(home, refund_script("SO-10007", 30.0)) as opened:
        yield opened


@pytest.fixture(scope="module")
def untouched(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Platform]:
    """A platform for tests that keep nothing."""
    home = tmp_path_factory.mktemp("untouched") / "home"
    shutil.copytree(made_home, home)
    with open_platform(home, refund_script("SO-10007", 30.0)) as opened:
        yield opened


def second(platform: Platform, handle: str = "second") -> Principal:
    """Return another administrator, who is no manager."""
    manager = as_person(platform, "manager")
    with platform.database.writing(manager.org_id) as work:
        asked = NewProfile(handle=handle, name=handle.title(), roles=["administrator"])
        platform.directory.people.create(work, manager, asked)
    return as_person(platform, handle)


def check(platform: Platform, files: dict[str, str], person: str = "manager") -> PolicyCheck:
    who = as_person(platform, person)
    with platform.database.reading(who.org_id) as work:
        return platform.policies.check(work, who, files)


def push(platform: Platform, files: dict[str, str], who: Principal | None = None) -> int:
    who = who or as_person(platform, "manager")
    with platform.database.writing(who.org_id) as work:
        return platform.policies.propose(work, who, PolicyProposal(files=files, note="why")).number


def activate(platform: Platform, number: int, who: Principal | None = None, over: int | None = None) -> PolicyState:
    who = who or as_person(platform, "manager")
    with platform.database.writing(who.org_id) as work:
        return platform.policies.activate(work, who, number, PolicyActivation(over=over))


def roll_back(platform: Platform, who: Principal | None = None) -> PolicyState:
    who = who or as_person(platform, "manager")
    with platform.database.writing(who.org_id) as work:
        return platform.policies.roll_back(work, who, PolicyActivation())


def explain(platform: Platform, tool: str, **proposal: Any) -> tuple[str, list[str]]:
    who = as_person(platform, proposal.pop("as_", "clerk"))
    with platform.database.reading(who.org_id) as work:
        told = Proposal.model_validate({"assistant": "after-sales", "tool": tool, **proposal})
        answer = platform.decisions.explain(work, who, told)
    return answer.verb, [one.id for one in answer.rules]


def refund(amount: int) -> dict[str, object]:
    return {"order_id": "SO-10007", "amount": amount, "reason": "cracked"}


def test_rules_are_checked_with_their_tests_and_nothing_is_kept(untouched: Platform) -> None:
    found = check(untouched, FILES)
    assert found.good, found.problems
    assert [(one.name, one.passed, one.verb) for one in found.trials] == [
        ("small", True, "allow"),
        ("at the limit", True, "ask"),
    ]
    assert [(one.id, one.change, one.narrows, one.widens) for one in found.changes] == [
        ("lamps.small-refunds", "added", True, False)
    ]
    assert explain(untouched, "refund_order", arguments=refund(30))[0] == "allow"


def test_a_version_decides_once_it_is_in_force_and_is_named_with_its_own_reason(platform: Platform) -> None:
    number = push(platform, FILES)
    assert explain(platform, "refund_order", arguments=refund(30))[0] == "allow"
    state = activate(platform, number, over=0)
    assert (state.active, state.previous, [one.active for one in state.versions]) == (1, 0, [True])
    assert explain(platform, "refund_order", arguments=refund(30)) == ("ask", ["lamps.small-refunds"])
    assert explain(platform, "refund_order", arguments=refund(10))[0] == "allow"
    manager = as_person(platform, "manager")
    with platform.database.reading(manager.org_id) as work:
        rights = platform.decisions.rights(work, manager, "clerk")
        trail = platform.audit.search(work, manager)
    conditions = {one.tool: [(c.verb, c.rule.id) for c in one.conditions] for one in rights.tools}
    assert ("ask", "lamps.small-refunds") in conditions["refund_order"]
    told = [(one.action, one.resource, one.rules) for one in trail if one.action.startswith("policies::")]
    assert told == [
        ("policies::activate", "version 1", ["jindou.administrators-keep-policies"]),
        ("policies::propose", "version 1", ["jindou.administrators-keep-policies"]),
    ]


def test_what_was_in_force_before_comes_back(platform: Platform) -> None:
    with pytest.raises(Conflict):
        roll_back(platform)
    activate(platform, push(platform, FILES))
    assert roll_back(platform).active == 0
    assert explain(platform, "refund_order", arguments=refund(30))[0] == "allow"
    assert roll_back(platform).active == 1


def test_a_real_run_is_held_to_them(platform: Platform) -> None:
    activate(platform, push(platform, FILES))
    run = run_to_rest(platform, as_person(platform, "clerk"), ASK)
    assert run.status == "waiting"
    assert [one.id for one in run.journal[-1].rules] == ["lamps.small-refunds"]


def test_the_shadow_says_what_last_weeks_calls_would_have_become(platform: Platform) -> None:
    run_to_rest(platform, as_person(platform, "clerk"), ASK)
    number = push(platform, FILES)
    manager = as_person(platform, "manager")
    with platform.database.reading(manager.org_id) as work:
        shadow = platform.policies.shadow(work, manager, number)
        again = platform.policies.shadow(work, manager, 0)
    assert shadow.recorded == shadow.decisions > 0
    (change,) = shadow.changes
    assert (change.before, change.after, change.count) == ("allow", "ask", 1)
    example = change.examples[0]
    assert (example.tool, [one.id for one in example.after_rules]) == ("refund_order", ["lamps.small-refunds"])
    assert (again.changes, again.unchanged) == ([], again.decisions)


def test_other_processes_see_what_is_in_force(platform: Platform) -> None:
    there = Policy({}, {})
    standing = Standing(platform.database, there)
    activate(platform, push(platform, FILES))
    clerk = as_person(platform, "clerk")
    standing.look()
    assert there.names_assistants(clerk.org_id) is False
    ask = rule('forbid (principal, action == Action::"completions::create", resource)')
    activate(platform, push(platform, {"a.cedar": ask}))
    assert may_ask(there, clerk)
    standing.look()
    assert not may_ask(there, clerk)
    roll_back(platform)
    standing.look()
    assert may_ask(there, clerk)


def may_ask(policy: Policy, who: Principal) -> bool:
    return policy.decide(who, "completions::create", Resource("Organisation", who.org_id), {}).verb == "allow"


def test_rules_that_can_not_be_read_any_more_forbid_every_tool_and_can_be_put_right(platform: Platform) -> None:
    number = push(platform, FILES)
    clerk = as_person(platform, "clerk")
    with platform.database.writing(clerk.org_id) as work:
        row = work.session.get_one(PolicyVersionRow, (clerk.org_id, number))
        row.files = {"refunds.cedar": "forbid (principal"}
        work.session.add(
            PolicyHeadRow(active=number, previous=0, changes=1, changed_by=clerk.person_id, changed_at=work.now())
        )
    platform.standing.look()
    assert explain(platform, "get_order") == ("deny", ["jindou.rules-unreadable"])
    assert activate(platform, push(platform, {"a.cedar": SMALL}), second(platform)).active == 2
    assert explain(platform, "get_order")[0] == "allow"


def test_a_rule_that_breaks_while_it_is_evaluated_denies(platform: Platform) -> None:
    broken = rule(
        'forbid (principal, action == Action::"ecommerce::refund_order", resource) '
        "when { context has facts && context.facts.refunded_total * 9223372036854775807 > 1 }"
    )
    activate(platform, push(platform, {"a.cedar": broken}))
    verb, rules = explain(platform, "refund_order", arguments=refund(30))
    assert verb == "deny"
    assert "jindou.evaluation-error" in rules
    assert explain(platform, "get_order")[0] == "allow"


PERMIT = 'permit (principal in Role::"{role}", action == Action::"ecommerce::refund_order", resource)'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("forbid (principal, action, resource", "does not parse"),
        (rule("forbid (principal == ?principal, action, resource)"), "template"),
        (rule("forbid (principal, action, resource)") * 2, "two policies have the id"),
        (rule("forbid (principal, action, resource)", "jindou.own-runs"), "belongs to the platform"),
        (rule("forbid (principal, action, resource)", "ecommerce.more"), "belongs to the platform or to a pack"),
        (rule("forbid (principal, action, resource)", "Lamps"), "is no id"),
        (rule('forbid (principal == User::"x", action, resource)'), "does not fit"),
        (rule('forbid (principal, action == Action::"ecommerce::fly", resource)'), "does not fit"),
        (rule("permit (principal, action, resource)"), "the platform alone permits"),
        (rule('permit (principal, action == Action::"people::manage", resource)'), "the platform alone permits"),
        (rule('permit (principal, action in [Action::"money", Action::"secrets::manage"], resource)'), "alone permits"),
        (rule('forbid (principal == Person::"prs_elsewhere", action, resource)'), "names Person 'prs_elsewhere'"),
        (rule('forbid (principal, action, resource == Assistant::"nobody")'), "names Assistant 'nobody'"),
        (rule('forbid (principal, action, resource == Organisation::"org_2")'), "names Organisation 'org_2'"),
        (rule(f"forbid (principal, action, resource) when {{ {'(' * 1000}true{')' * 1000} }}"), "brackets in brackets"),
        (rule(f"forbid (principal, action, resource) when {{ {' && '.join(['true'] * 2000)} }}"), "too long"),
        (rule(f"forbid (principal, action, resource) when {{ {'1+' * 3500}1 == 1 }}"), "too many operators"),
        (rule("forbid (principal, action, resource) when { context" + '["a"]' * 1500 + " }"), "too many operators"),
        (rule(f"forbid (principal, action, resource) when {{ context has {'a.' * 200}a }}"), "too many names"),
        (rule("forbid (principal, action, resource) when { context has " + "a. // b\n" * 20 + "a }"), "too many names"),
        (
            "".join(rule("forbid (principal, action, resource) when { false }", f"lamps.n{n}") for n in range(201)),
            "may be 200",
        ),
        (rule('forbid (principal, action == Action::"policies::activate", resource)'), "Nobody would be left"),
        (rule('forbid (principal, action == Action::"people::manage", resource)'), "Nobody would be left"),
        (rule('forbid (principal in Role::"administrator", action, resource)'), "Nobody would be left"),
    ],
)
def test_rules_that_may_not_be_are_refused_with_what_is_wrong(untouched: Platform, text: str, told: str) -> None:
    found = check(untouched, {"a.cedar": text})
    assert told in " ".join(problem.message for problem in found.problems)
    with pytest.raises(Invalid):
        push(untouched, {"a.cedar": text})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("just: words", "no list of tests"),
        ("- {expect: maybe}", "test 1"),
        ("- &a {x: 1}\n- *a", "an anchor or an alias"),
        ("[" * 5000, "lists in lists"),
        ("- " * 5000, "lists in lists"),
        (f"- 1{':00' * 200}.0", "can't be read"),
        ("- {tool: refund_order, assistant: after-sales, roles: [clerk], expect: deny}", "1 of 1 tests fail"),
        ("- {tool: steal, assistant: after-sales, roles: [clerk], expect: deny}", "1 of 1 tests fail"),
        ("- {tool: get_order, assistant: after-sales, principal: nobody, expect: deny}", "1 of 1 tests fail"),
    ],
)
def test_tests_that_fail_or_are_none_are_problems(untouched: Platform, text: str, told: str) -> None:
    found = check(untouched, {"a.cedar": SMALL, "t.yaml": text})
    assert told in " ".join(problem.message for problem in found.problems)


@pytest.mark.parametrize(
    "text",
    ['"' + '\\"' * 90_000, ";" * 190_000, "(" * 190_000],
    ids=["a text without an end", "rules of nothing", "brackets"],
)
def test_texts_that_are_made_to_take_long_are_refused_at_once(untouched: Platform, text: str) -> None:
    begun = time.process_time()
    assert not check(untouched, {"a.cedar": text}).good
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("name", ["../a.cedar", "a.txt", "A.cedar", "", "a/b.cedar"])
def test_files_have_plain_names(name: str) -> None:
    with pytest.raises(ValidationError):
        PolicyFiles(files={name: SMALL})


def test_a_pattern_with_many_stars_is_evaluated_at_once(platform: Platform) -> None:
    text = rule(
        f'forbid (principal, action in Action::"tools::call", resource) when {{ context.tool like "{"*a" * 3000}b" }}'
    )
    activate(platform, push(platform, {"a.cedar": text}))
    assert explain(platform, "get_order")[0] == "allow"


def test_only_administrators_propose_and_activate_and_only_managers_read(platform: Platform) -> None:
    clerk = as_person(platform, "clerk")
    push(platform, FILES)
    for attempt in (lambda: push(platform, FILES, clerk), lambda: activate(platform, 1, clerk)):
        with pytest.raises(Forbidden):
            attempt()
    with pytest.raises(Forbidden):
        check(platform, FILES, "clerk")


def test_whoever_lost_the_right_while_they_waited_puts_nothing_in_force(platform: Platform) -> None:
    manager, other = as_person(platform, "manager"), second(platform)
    number = push(platform, FILES)
    with platform.database.writing(manager.org_id) as work:
        platform.directory.people.deactivate(work, manager, other.person_id)
    with pytest.raises(Unauthenticated):
        activate(platform, number, other)


def test_nobody_puts_in_force_what_they_proposed_and_lets_them_do_more(platform: Platform) -> None:
    manager, other = as_person(platform, "manager"), second(platform)
    number = push(platform, {"a.cedar": rule(PERMIT.format(role="manager"))}, manager)
    with pytest.raises(Forbidden, match=r"lamps\.one") as refused:
        activate(platform, number, manager)
    assert refused.value.rules == ("jindou.no-self-grant",)
    assert activate(platform, number, other).active == number
    assert activate(platform, push(platform, {"a.cedar": rule(PERMIT.format(role="clerk"))}, manager), manager)


def test_taking_a_rule_away_that_binds_oneself_is_a_gain_too_but_ones_own_step_can_be_undone(
    platform: Platform,
) -> None:
    manager, other = as_person(platform, "manager"), second(platform)
    bound = rule('forbid (principal in Role::"manager", action in Action::"money", resource)')
    activate(platform, push(platform, {"a.cedar": bound}, other), other)
    with pytest.raises(Forbidden):
        activate(platform, 0, manager)
    with pytest.raises(Forbidden):
        roll_back(platform, manager)
    with pytest.raises(Forbidden):
        activate(platform, push(platform, FILES, manager), manager)
    assert roll_back(platform, other).active == 0
    activate(platform, 1, manager)
    assert roll_back(platform, manager).active == 0


def test_of_two_who_activate_at_once_the_second_is_told_that_it_moved(platform: Platform) -> None:
    first, other = push(platform, FILES), push(platform, {"a.cedar": SMALL})
    activate(platform, first, over=0)
    with pytest.raises(Conflict, match="Version 1 is in force by now, not 0"):
        activate(platform, other, over=0)
    with pytest.raises(Conflict):
        activate(platform, first)
    with pytest.raises(Conflict, match="Nothing differs"):
        push(platform, {"a.cedar": SMALL})


def test_differences_are_told_by_rule_and_by_part(platform: Platform) -> None:
    activate(platform, push(platform, FILES))
    changed = SMALL.replace("20000000", "10000000").replace("20.00", "10.00")
    more = rule('forbid (principal, action in Action::"write", resource)', "lamps.no-writing")
    number = push(platform, {"refunds.cedar": changed + more})
    manager = as_person(platform, "manager")
    with platform.database.reading(manager.org_id) as work:
        diff = platform.policies.diff(work, manager, number)
        back = platform.policies.diff(work, manager, 0, number)
    assert [(one.id, one.change, one.parts) for one in diff.changes if one.change == "changed"] == [
        ("lamps.small-refunds", "changed", ["when", "reason"])
    ]
    assert [one.id for one in diff.changes] == ["lamps.small-refunds", "lamps.no-writing"]
    assert [(one.change, one.widens) for one in back.changes] == [("removed", True), ("removed", True)]


def test_versions_of_another_organisation_are_not_there(platform: Platform) -> None:
    push(platform, FILES)
    with platform.database.writing(None) as work:
        org_id = platform.principals.create_organisation(work, "Elsewhere")
    stranger = as_person(platform, "manager").model_copy(update={"org_id": org_id})
    with platform.database.reading(org_id) as work:
        assert platform.policies.state(work, stranger).versions == []
        for attempt in (platform.policies.get, platform.policies.shadow, platform.policies.diff):
            with pytest.raises(NotFound):
                attempt(work, stranger, 1)
    activate(platform, 1)
    assert explain(platform, "refund_order", arguments=refund(30))[0] == "ask"
