"""Decisions by Cedar (https://www.cedarpolicy.com): default deny, and an evaluation error is a deny.

Person ∩ assistant is written as a rule that forbids, since Cedar unions what is permitted.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import cedarpy
from pydantic import ValidationError

from jindou.errors import Invalid
from jindou.identity.policy.types import Decision, Rule
from jindou.identity.principals import Principal

__all__ = ["Policy", "Resource"]

_cedar: Any = cedarpy  # Its own types leave JSON unknown.
_PLATFORM = Path(__file__).parent / "platform.cedar"
_PLATFORM_ACTIONS = (
    *(
        "approvals::decide",
        "approvals::delegate",
        "audit::read",
        "completions::create",
        "deployments::manage",
        "deployments::read",
    ),
    *("budgets::create", "budgets::read", "budgets::update", "budgets::delete"),
    *("keys::create", "keys::read", "keys::revoke", "keys::rotate"),
    *("models::manage", "models::read"),
    *("runs::branch", "runs::cancel", "runs::pause", "runs::read", "runs::resume", "runs::retry", "runs::start"),
    "people::manage",
    *("runs::steer", "runs::undo", "usage::read", "usage::reconcile"),
)
_NO_RULE = Rule(
    id="jindou.default-deny",
    reason={
        "en": "No rule allows this, and what no rule allows is denied.",
        "zh": "没有任何规则允许此操作；未被允许的一律拒绝。",
    },
)
_ERROR = Rule(
    id="jindou.evaluation-error",
    reason={"en": "A rule could not be evaluated, so the answer is no.", "zh": "有规则无法求值，因此拒绝。"},
)


class Resource:
    """What an action is done to: an assistant with the tools it was granted, or the organisation itself."""

    def __init__(self, kind: str, id: str, grants: Iterable[str] = ()) -> None:  # noqa: A002 - Cedar's own word
        self.kind = kind
        self.id = id
        self.grants = tuple(sorted(grants))


class Policy:
    """Every rule of the installation, parsed once.

    `packs` maps a pack's name to its Cedar text; `actions` maps an action to the groups it is in.

    Raises:
        Invalid: a policy does not parse, has no id or no reason, or shares its id with another.
    """

    def __init__(self, packs: Mapping[str, str], actions: Mapping[str, Iterable[str]]) -> None:
        text = "\n".join([_PLATFORM.read_text(encoding="utf-8"), *packs.values()])
        try:
            self._policies = cedarpy.PolicySet.from_str(text)
            parsed = json.loads(cedarpy.policies_to_json_str(text))
        except ValueError as error:
            raise Invalid(f"The policies don't parse: {error}", field="policy", rule="Cedar syntax") from None
        self._rules = _rules(parsed["staticPolicies"])
        self._base: cedarpy.Entities = _cedar.Entities.from_json_str(json.dumps(_action_entities(actions)))
        self._entities = lru_cache(maxsize=1024)(self._entities_of)
        # Few differ, and a gateway keeps one for each key.
        self._decision = lru_cache(maxsize=1024)(self._decision_of)

    def decide(self, who: Principal, action: str, resource: Resource, context: Mapping[str, object]) -> Decision:
        """Say whether `who` may do `action` to `resource`, and by which rules.

        Where `context["approved"]` is false and it is only that which stands against it, the answer is ``ask``.
        """
        first = self._evaluate(who, action, resource, context)
        if first.verb == "allow" or context.get("approved") is not False:
            return first
        approved = self._evaluate(who, action, resource, {**context, "approved": True})
        return Decision(verb="ask", rules=first.rules) if approved.verb == "allow" else first

    def require(self, who: Principal, action: str, resource: Resource, context: Mapping[str, object]) -> Decision:
        """Return the decision if it is to allow.

        Raises:
            Forbidden: it is not; the message and `rules` name the rule.
        """
        decision = self.decide(who, action, resource, context)
        decision.require()
        return decision

    def _evaluate(self, who: Principal, action: str, resource: Resource, context: Mapping[str, object]) -> Decision:
        request = {
            "principal": {"type": "Person", "id": who.person_id},
            "action": {"type": "Action", "id": action},
            "resource": {"type": resource.kind, "id": resource.id},
            "context": dict(context),
        }
        entities = self._entities(who.person_id, who.roles, resource.kind, resource.id, resource.grants)
        answer: cedarpy.AuthzResult = _cedar.is_authorized(request, self._policies, entities)
        reasons = tuple(sorted(answer.diagnostics.reasons))
        return self._decision(reasons, allowed=answer.allowed, failed=bool(answer.diagnostics.errors))

    def _decision_of(self, reasons: tuple[str, ...], *, allowed: bool, failed: bool) -> Decision:
        rules = tuple(self._rules[name] for name in reasons)
        if failed:
            return Decision(verb="deny", rules=(*rules, _ERROR))
        if allowed:
            return Decision(verb="allow", rules=rules)
        return Decision(verb="deny", rules=rules or (_NO_RULE,))

    def _entities_of(
        self, person: str, roles: tuple[str, ...], kind: str, resource: str, grants: tuple[str, ...]
    ) -> cedarpy.Entities:
        parents = [{"type": "Role", "id": role} for role in roles]
        delta: list[dict[str, object]] = [
            {"uid": {"type": "Person", "id": person}, "attrs": {}, "parents": parents},
            {"uid": {"type": kind, "id": resource}, "attrs": {"grants": list(grants)}, "parents": []},
        ]
        base: Any = self._base
        return base.with_added_json_str(json.dumps(delta))


def _rules(policies: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for name, policy in policies.items():
        notes = policy.get("annotations", {})
        missing = [note for note in ("id", "reason_en", "reason_zh") if not notes.get(note)]
        if missing:
            where = notes.get("id") or name
            raise Invalid(f"Policy {where} lacks @{missing[0]}.", field="policy", rule="@id, @reason_en, @reason_zh")
        found[name] = _rule(notes)
    ids = [rule.id for rule in found.values()]
    twice = {id_ for id_ in ids if ids.count(id_) > 1}
    if twice:
        raise Invalid(f"Two policies have the id {min(twice)}.", field="policy", rule="ids are unique")
    return found


def _rule(notes: Mapping[str, str]) -> Rule:
    reason = {"en": notes["reason_en"], "zh": notes["reason_zh"]}
    try:
        return Rule.model_validate({"id": notes["id"], "reason": reason, "approvers": notes.get("approvers", 1)})
    except ValidationError:
        told = f"Policy {notes['id']} says @approvers({notes['approvers']!r})."
        raise Invalid(told, field="policy", rule="@approvers is a number from 1 to 9") from None


def _action_entities(actions: Mapping[str, Iterable[str]]) -> list[dict[str, object]]:
    known = {name: tuple(groups) for name, groups in actions.items()} | dict.fromkeys(_PLATFORM_ACTIONS, ())
    for group in {group for groups in known.values() for group in groups}:
        known.setdefault(group, ())
    return [
        {
            "uid": {"type": "Action", "id": name},
            "attrs": {},
            "parents": [{"type": "Action", "id": group} for group in groups],
        }
        for name, groups in known.items()
    ]
