"""Decisions by Cedar (https://www.cedarpolicy.com): default deny, and an evaluation error is a deny.

Person ∩ assistant is written as a rule that forbids, since Cedar unions what is permitted.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import cedarpy

from jindou.identity.policy.reading import Condition, conditions_of, read_rules, read_statements, require_valid
from jindou.identity.policy.schema import Action, action_entities, schema_of
from jindou.identity.policy.types import Decision, Rule
from jindou.identity.principals import Principal

__all__ = ["Policy", "Resource"]

_cedar: Any = cedarpy  # Its own types leave JSON unknown.
_PLATFORM = Path(__file__).parent / "platform.cedar"
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

    `packs` maps a pack's name to its Cedar text; `actions` says what can be done with its tools. A process that has
    no packs does not hold the platform's rules against them: one that has them does.

    Raises:
        Invalid: a policy does not parse or speaks of what there is not, has no id or no reason, or shares its id.
    """

    def __init__(self, packs: Mapping[str, str], actions: Mapping[str, Action]) -> None:
        statements = read_statements({"platform.cedar": _PLATFORM.read_text(encoding="utf-8"), **packs})
        rules = read_rules(statements)
        if actions:
            require_valid(statements, rules, schema_of(actions))
        self._policies = cedarpy.PolicySet.from_str("\n".join(statement.text for statement in statements))
        self._scopes, self._conditions = conditions_of(statements, rules)
        self._rules = {f"policy{n}": rule for n, rule in enumerate(rules)}
        self.names_assistants = any("Assistant::" in statement.text for statement in statements)
        self._base: cedarpy.Entities = _cedar.Entities.from_json_str(json.dumps(action_entities(actions)))
        self._entities = lru_cache(maxsize=1024)(self._entities_of)
        # Few differ, and a gateway keeps one for each key.
        self._decision = lru_cache(maxsize=1024)(self._decision_of)

    @property
    def rules(self) -> list[Rule]:
        """Every rule there is, in the order in which they were read."""
        return list(self._rules.values())

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

    def conditions(self, who: Principal, action: str, resource: Resource) -> list[Condition]:
        """Return the rules that what `who` does may meet, by the facts and the origins of each call."""
        answer = self._ask(who, action, resource, {}, self._scopes)
        return [self._conditions[n] for n in sorted(map(int, answer.diagnostics.reasons))]

    def _evaluate(self, who: Principal, action: str, resource: Resource, context: Mapping[str, object]) -> Decision:
        answer = self._ask(who, action, resource, context, self._policies)
        reasons = tuple(sorted(answer.diagnostics.reasons))
        return self._decision(reasons, allowed=answer.allowed, failed=bool(answer.diagnostics.errors))

    def _ask(
        self,
        who: Principal,
        action: str,
        resource: Resource,
        context: Mapping[str, object],
        policies: cedarpy.PolicySet,
    ) -> cedarpy.AuthzResult:
        request = {
            "principal": {"type": "Person", "id": who.person_id},
            "action": {"type": "Action", "id": action},
            "resource": {"type": resource.kind, "id": resource.id},
            "context": dict(context),
        }
        entities = self._entities(who.person_id, who.roles, resource.kind, resource.id, resource.grants)
        return _cedar.is_authorized(request, policies, entities)

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
