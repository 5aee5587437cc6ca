"""A decision looks only at the rules that can be about its action. Cedar, asked with every rule, must say the same."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import cedarpy
import pytest

from jindou.identity.policy import Action, Policy, Resource
from jindou.identity.principals import Principal

cedar: Any = cedarpy


def rule(name: str, rest: str) -> str:
    return f'@id("t.{name}") @reason_en("x") @reason_zh("y") {rest};'


RULES = "\n".join(
    [
        rule("always", 'forbid (principal in Role::"guest", action, resource)'),
        rule("named", 'permit (principal, action == Action::"shop::look", resource)'),
        rule("approved", 'permit (principal, action == Action::"shop::fly", resource) when { context.approved }'),
        rule("listed", 'permit (principal, action in [Action::"shop::pay", Action::"keys::read"], resource)'),
        rule("group", 'forbid (principal in Role::"child", action in Action::"money", resource)'),
        rule("groups", 'forbid (principal, action in [Action::"read", Action::"write"], resource is Assistant)'),
        rule(
            "fact",
            'forbid (principal, action == Action::"shop::pay", resource) '
            "when { context has facts && context.facts.amount > 5 } unless { context.approved }",
        ),
        rule("group-in-condition", 'forbid (principal, action, resource) when { action in Action::"write" }'),
    ]
)
ACTIONS = {
    "shop::look": Action(("read", "tools::call")),
    "shop::pay": Action(("money", "tools::call"), facts={"amount": int}),
    "shop::fly": Action(("tools::call",)),
    "shop::post": Action(("write", "tools::call")),
}
FACTS: tuple[dict[str, object], ...] = ({}, {"facts": {"amount": 6}}, {"facts": {"amount": "six"}})
GROUPS = ("read", "write", "money", "tools::call")


def said_by_every_rule(
    roles: tuple[str, ...], action: str, resource: Resource, context: Mapping[str, object]
) -> tuple[bool, set[str], bool]:
    platform = files("jindou.identity.policy").joinpath("platform.cedar").read_text(encoding="utf-8")
    entities: list[dict[str, Any]] = [
        {"uid": {"type": "Action", "id": name}, "attrs": {}, "parents": [{"type": "Action", "id": g} for g in groups]}
        for name, groups in [*((n, a.groups) for n, a in ACTIONS.items()), *((g, ()) for g in GROUPS)]
    ]
    entities.append(
        {
            "uid": {"type": "Person", "id": "prs_1"},
            "attrs": {},
            "parents": [{"type": "Role", "id": role} for role in roles],
        }
    )
    uid = {"type": resource.kind, "id": resource.id}
    entities.append({"uid": uid, "attrs": {"grants": list(resource.grants)}, "parents": []})
    asked = {
        "principal": {"type": "Person", "id": "prs_1"},
        "action": {"type": "Action", "id": action},
        "resource": uid,
    }
    answer = cedar.is_authorized({**asked, "context": context}, f"{platform}\n{RULES}", json.dumps(entities))
    return answer.allowed, set(answer.diagnostics.id_annotations_by_reason.values()), bool(answer.diagnostics.errors)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy({"t": RULES}, ACTIONS)


@pytest.mark.parametrize("action", [*ACTIONS, "shop::unheard-of", "money", "keys::read", "people::manage"])
@pytest.mark.parametrize("roles", [(), ("guest",), ("child",), ("administrator", "child")], ids=str)
def test_leaving_out_what_is_about_other_actions_changes_no_answer(
    policy: Policy, roles: tuple[str, ...], action: str
) -> None:
    who = Principal(org_id="org_1", person_id="prs_1", handle="p", name="P", roles=roles, language="en", actor="prs_1")
    for resource in (Resource("Assistant", "desk", ["look", "pay", "post"]), Resource("Organisation", "org_1")):
        for facts in FACTS:
            context: dict[str, object] = {"approved": True, "tool": action.rpartition("::")[2], "own": False, **facts}
            allowed, rules, failed = said_by_every_rule(roles, action, resource, context)
            decision = policy.decide(who, action, resource, context)
            named = {one.id for one in decision.rules} - {"jindou.default-deny", "jindou.evaluation-error"}
            assert (decision.verb == "allow", named) == (allowed and not failed, rules)
            assert ("jindou.evaluation-error" in {one.id for one in decision.rules}) == failed


def test_only_an_approval_stands_between_where_one_rule_alone_permits_with_it(policy: Policy) -> None:
    who = Principal(org_id="org_1", person_id="prs_1", handle="p", name="P", roles=(), language="en", actor="prs_1")
    asked = {"approved": False, "tool": "fly"}
    assert policy.decide(who, "shop::fly", Resource("Assistant", "desk", ["fly"]), asked).verb == "ask"
