"""The table of who may do what: default deny, person ∩ assistant, and every answer names its rule."""

from collections.abc import Mapping

import pytest

from jindou.errors import Forbidden, Invalid
from jindou.identity.policy import Action, Policy, Resource
from jindou.identity.principals import Principal

PACK = """
@id("shop.clerk-may")
@reason_en("Clerks may.")
@reason_zh("客服可以。")
permit (principal in Role::"clerk", action in [Action::"shop::look", Action::"shop::pay"], resource);

@id("shop.limit")
@reason_en("Over 50 needs a manager.")
@reason_zh("超过 50 需要经理。")
forbid (principal in Role::"clerk", action == Action::"shop::pay", resource)
when { context has facts && context.facts.amount > 50 } unless { context.approved };

@id("shop.never-on-sundays")
@reason_en("Not on Sundays.")
@reason_zh("周日不行。")
forbid (principal, action in Action::"money", resource) when { context has facts && context.facts.sunday };

@id("shop.manager-decides")
@reason_en("Managers decide.")
@reason_zh("经理审批。")
permit (principal in Role::"manager", action == Action::"approvals::decide", resource);
"""
ACTIONS = {
    "shop::look": Action(("read", "tools::call")),
    "shop::pay": Action(("money", "tools::call"), ("to",), {"amount": int, "sunday": bool}),
}
ASSISTANT = Resource("Assistant", "desk", ["look", "pay"])


def person(*roles: str) -> Principal:
    return Principal(org_id="org_1", person_id="prs_1", handle="p", name="P", roles=roles, language="en", actor="prs_1")


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy({"shop": PACK}, ACTIONS)


def context(tool: str, *, approved: bool = False, **facts: object) -> dict[str, object]:
    return {"approved": approved, "tool": tool, "facts": facts} if facts else {"approved": approved, "tool": tool}


@pytest.mark.parametrize(
    ("role", "action", "asked", "verb", "rule"),
    [
        ("clerk", "shop::look", context("look"), "allow", "shop.clerk-may"),
        ("clerk", "shop::pay", context("pay", amount=50, sunday=False), "allow", "shop.clerk-may"),
        ("clerk", "shop::pay", context("pay", amount=51, sunday=False), "ask", "shop.limit"),
        ("clerk", "shop::pay", context("pay", approved=True, amount=51, sunday=False), "allow", "shop.clerk-may"),
        ("clerk", "shop::pay", context("pay", amount=1, sunday=True), "deny", "shop.never-on-sundays"),
        ("clerk", "shop::pay", context("pay", approved=True, amount=1, sunday=True), "deny", "shop.never-on-sundays"),
        ("warehouse", "shop::look", context("look"), "deny", "jindou.default-deny"),
        (
            "warehouse",
            "shop::pay",
            context("pay", approved=True, amount=1, sunday=False),
            "deny",
            "jindou.default-deny",
        ),
        ("clerk", "shop::unheard-of", context("look"), "deny", "jindou.default-deny"),
    ],
)
def test_the_table_of_decisions(
    policy: Policy, role: str, action: str, asked: Mapping[str, object], *, verb: str, rule: str
) -> None:
    decision = policy.decide(person(role), action, ASSISTANT, asked)
    assert (decision.verb, [rule.id for rule in decision.rules]) == (verb, [rule])
    assert all(rule.reason["en"] and rule.reason["zh"] for rule in decision.rules)


def test_two_things_against_a_call_are_both_named_and_nobody_is_asked(policy: Policy) -> None:
    decision = policy.decide(person("clerk"), "shop::pay", ASSISTANT, context("pay", amount=51, sunday=True))
    assert decision.verb == "deny"
    assert {rule.id for rule in decision.rules} == {"shop.limit", "shop.never-on-sundays"}


def test_an_assistant_never_does_more_than_it_was_granted(policy: Policy) -> None:
    granted = Resource("Assistant", "desk", ["look"])
    for approved in (False, True):
        asked = context("pay", approved=approved, amount=1, sunday=False)
        decision = policy.decide(person("clerk"), "shop::pay", granted, asked)
        assert (decision.verb, decision.rules[0].id) == ("deny", "jindou.assistant-grant")


def test_an_assistant_never_does_more_than_its_person_may(policy: Policy) -> None:
    assert policy.decide(person(), "shop::pay", ASSISTANT, context("pay", amount=1)).verb == "deny"


@pytest.mark.parametrize(
    "facts",
    [{"amount": "fifty-one", "sunday": False}, {"sunday": False}, {"amount": 2**70, "sunday": False}],
    ids=["wrong type", "missing", "beyond 64 bits"],
)
def test_a_rule_that_can_not_be_evaluated_denies(policy: Policy, facts: dict[str, object]) -> None:
    decision = policy.decide(
        person("clerk"), "shop::pay", ASSISTANT, {"approved": False, "tool": "pay", "facts": facts}
    )
    assert decision.verb == "deny"
    assert "jindou.evaluation-error" in {rule.id for rule in decision.rules}


def test_requiring_what_is_not_allowed_raises_with_the_rule(policy: Policy) -> None:
    asked = context("pay", amount=51, sunday=False)
    with pytest.raises(Forbidden, match=r"Over 50 needs a manager. \[shop.limit\]") as refused:
        policy.require(person("clerk"), "shop::pay", ASSISTANT, asked)
    assert refused.value.rules == ("shop.limit",)
    assert policy.require(person("clerk"), "shop::look", ASSISTANT, context("look")).verb == "allow"


@pytest.mark.parametrize(
    ("roles", "action", "asked", "verb", "rule"),
    [
        ((), "runs::start", {}, "allow", "jindou.start-runs"),
        ((), "runs::read", {"own": True}, "allow", "jindou.own-runs"),
        (("manager", "administrator"), "runs::read", {"own": False}, "deny", "jindou.default-deny"),
        ((), "runs::cancel", {"own": True}, "allow", "jindou.own-runs"),
        ((), "runs::cancel", {"own": False}, "deny", "jindou.only-own-runs-are-stopped"),
        (("administrator",), "readings::create", {"open": False}, "deny", "jindou.content-is-closed"),
        (("administrator",), "readings::create", {"open": True}, "allow", "jindou.administrators-read-content"),
        (("manager",), "readings::create", {"open": True}, "deny", "jindou.default-deny"),
        (("manager",), "readings::update", {"open": True}, "deny", "jindou.default-deny"),
        (("manager",), "usage::read", {}, "allow", "jindou.managers-see-bill-and-audit"),
        (("manager",), "audit::read", {}, "allow", "jindou.managers-see-bill-and-audit"),
        (("clerk",), "usage::read", {}, "deny", "jindou.default-deny"),
        (("clerk",), "audit::read", {}, "deny", "jindou.default-deny"),
        (("manager",), "approvals::decide", {"own": False}, "allow", "shop.manager-decides"),
        (("manager",), "approvals::decide", {"own": True}, "deny", "jindou.no-self-approval"),
        (("clerk",), "approvals::decide", {"own": False}, "deny", "jindou.default-deny"),
    ],
)
def test_the_platforms_own_rules(
    policy: Policy, roles: tuple[str, ...], action: str, asked: dict[str, object], *, verb: str, rule: str
) -> None:
    decision = policy.decide(person(*roles), action, Resource("Organisation", "org_1"), asked)
    assert (decision.verb, [rule.id for rule in decision.rules]) == (verb, [rule])


NAMED = '@id("a.b") @reason_en("x") @reason_zh("y")'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("permit (principal, action, resource", "does not parse"),
        ("permit (principal, action, resource);", "lacks @id"),
        ('@id("a.b") @reason_zh("y") permit (principal, action, resource);', "Policy a.b lacks @reason_en"),
        ('@id("a.b") @reason_en("x") permit (principal, action, resource);', "Policy a.b lacks @reason_zh"),
        (f"{NAMED} permit (principal, action, resource); {NAMED} forbid (principal, action, resource);", "the id a.b"),
        ('@id("jindou.own-runs") @reason_en("x") @reason_zh("y") permit (principal, action, resource);', "own-runs"),
    ],
)
def test_a_policy_that_can_not_name_itself_is_refused_when_it_is_read(text: str, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        Policy({"pack": text}, {})


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ('action == Action::"shop::fly", resource)', "unrecognized action"),
        ('action == Action::"shop::pay", resource) when { context.facts.amount > 5 }', "optional attribute `facts`"),
        ('action == Action::"shop::pay", resource) when { context has facts && context.facts.colour }', "facts.colour"),
        ('action == Action::"shop::pay", resource) when { context.approved > 5 }', "Long"),
        ('action == Action::"shop::pay", resource) when { context.origins.to == "tool" }', "origins.to"),
        ('action == Action::"keys::read", resource) when { context.approved }', "`approved`"),
    ],
)
def test_a_policy_about_what_there_is_not_is_refused_with_its_id_and_its_line(rest: str, told: str) -> None:
    text = f"// A comment; with a semicolon.\n\n{NAMED}\nforbid (principal, {rest};"
    with pytest.raises(Invalid, match=r"own\.cedar, line 3: policy a\.b does not fit: ") as refused:
        Policy({"shop": PACK, "own.cedar": text}, ACTIONS)
    assert told in refused.value.message


def test_a_policy_that_does_not_parse_is_found_where_it_begins() -> None:
    with pytest.raises(Invalid, match=r"own\.cedar, line 2: this policy does not parse: unexpected token"):
        Policy({"own.cedar": f'{NAMED} permit (principal, action, resource) when {{ "a;b" == "" }};\npermit );'}, {})


def test_a_rule_may_ask_where_an_argument_comes_from() -> None:
    rule = f"""{NAMED} forbid (principal, action in Action::"money", resource)
        when {{ context.origins has to && context.origins.to == "tool" }} unless {{ context.approved }};"""
    policy = Policy({"shop": PACK, "own.cedar": rule}, ACTIONS)
    asked = context("pay", amount=1, sunday=False)
    verbs = [
        policy.decide(person("clerk"), "shop::pay", ASSISTANT, {**asked, "origins": origins}).verb
        for origins in ({"to": "person"}, {"to": "tool"}, {})
    ]
    assert verbs == ["allow", "ask", "allow"]


def test_a_question_that_was_asked_before_is_told_from_others_by_all_that_a_rule_may_ask_about(policy: Policy) -> None:
    few = context("pay", amount=1, sunday=False)
    asked = [
        (person("clerk"), few, "allow"),
        (person("clerk"), context("pay", amount=1, sunday=True), "deny"),
        (person("clerk"), context("pay", amount=True, sunday=False), "deny"),
        (person("clerk"), context("pay", amount=51, sunday=False), "ask"),
        (person("clerk"), context("pay", approved=True, amount=51, sunday=False), "allow"),
        (person("warehouse"), few, "deny"),
        (person("clerk").model_copy(update={"person_id": "prs_2"}), few, "allow"),
    ]
    for _ in range(2):
        assert [policy.decide(who, "shop::pay", ASSISTANT, of).verb for who, of, _ in asked] == [s for *_, s in asked]
    less = Resource("Assistant", "desk", ["look"])
    assert policy.decide(person("clerk"), "shop::pay", less, few).verb == "deny"
    assert policy.decide(person("clerk"), "approvals::decide", ASSISTANT, few).verb == "deny"


def test_an_answer_that_was_given_before_ends_with_the_rules_that_gave_it(policy: Policy) -> None:
    forbids = (
        '@id("own.no") @reason_en("No.") @reason_zh("不。") forbid (principal, action in Action::"read", resource);'
    )
    mine = Policy({"shop": PACK}, ACTIONS)
    asked = person("clerk"), "shop::look", ASSISTANT, context("look")
    assert mine.decide(*asked).verb == "allow"
    mine.adopt("org_1", {"own.cedar": forbids})
    assert mine.decide(*asked).verb == "deny"
    mine.adopt("org_1", {})
    assert mine.decide(*asked).verb == policy.decide(*asked).verb == "allow"
