"""Which rules can be about an action: all that a decision has to evaluate.

A rule that names its action in its scope is satisfied by no other, be it one that permits or one that forbids, so
leaving it out of a decision about another action changes no answer. A rule that names none belongs to every action.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import cedarpy

from jindou.identity.policy.reading import Written
from jindou.identity.policy.types import Condition, Decision, Rule, Verb

__all__ = ["Slice", "Slices"]

_cedar: Any = cedarpy  # Its own types leave JSON unknown.
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


class Slice:
    """The rules that can be about one action, parsed once. Cedar calls them `policy0`, `policy1`, … in their order."""

    def __init__(self, written: Sequence[Written]) -> None:
        self._written = written
        self._conditional = [one for one in written if one.speaks_of("facts", "origins")]
        self.speaks_of_approval = any(one.speaks_of("approved") for one in written)
        self.conditions = [Condition(verb=_held(one), rule=one.rule) for one in self._conditional]
        # Few differ, and a gateway keeps one for each key.
        self._decision = lru_cache(maxsize=256)(self._decision_of)

    @cached_property
    def scopes(self) -> cedarpy.PolicySet:
        """What tells which of the `conditions` a call could meet: the scope of each, as a permit under its number."""
        permits: dict[str, Any] = {
            str(n): {**one.policy, "effect": "permit", "conditions": []} for n, one in enumerate(self._conditional)
        }
        document: dict[str, Any] = {"templates": {}, "staticPolicies": permits, "templateLinks": []}
        return _cedar.PolicySet.from_json_str(json.dumps(document))

    def evaluate(self, question: Mapping[str, Any], entities: cedarpy.Entities) -> Decision:
        """Answer a request of Cedar as it stands: allow or deny. An evaluation error is a deny."""
        answer = _cedar.is_authorized(question, self._policies, entities)
        numbers = tuple(sorted(int(name.removeprefix("policy")) for name in answer.diagnostics.reasons))
        return self._decision(numbers, allowed=answer.allowed, failed=bool(answer.diagnostics.errors))

    @cached_property
    def _policies(self) -> cedarpy.PolicySet:
        return cedarpy.PolicySet.from_str("\n".join(one.statement.text for one in self._written))

    def _decision_of(self, numbers: tuple[int, ...], *, allowed: bool, failed: bool) -> Decision:
        rules = tuple(self._written[n].rule for n in numbers)
        if failed:
            return Decision(verb="deny", rules=(*rules, _ERROR))
        if allowed:
            return Decision(verb="allow", rules=rules)
        return Decision(verb="deny", rules=rules or (_NO_RULE,))


class Slices:
    """Rules, found by the action that they can be about. `groups` are those that each action is in."""

    def __init__(self, written: Sequence[Written], groups: Mapping[str, Sequence[str]]) -> None:
        self._written = written
        self._groups = groups
        self._always: list[int] = []
        self._named: dict[str, list[int]] = defaultdict(list)
        self._slices: dict[str, Slice] = {}
        for n, one in enumerate(written):
            if one.policy["action"]["op"] == "All":
                self._always.append(n)
            for name in one.actions:
                self._named[name].append(n)

    def of(self, action: str) -> Slice:
        """Return the rules that can be about an action, in the order in which they were read."""
        known = self._slices.get(action)
        if known is not None:
            return known
        found = Slice([self._written[n] for n in self._numbers(action)])
        # Of names that mean nothing there is no end.
        return self._slices.setdefault(action, found) if action in self._groups else found

    def _numbers(self, action: str) -> list[int]:
        named = (self._named.get(name, ()) for name in (action, *self._groups.get(action, ())))
        return sorted({*self._always, *(n for numbers in named for n in numbers)})


def _held(written: Written) -> Verb:
    if written.effect == "permit":
        return "allow"
    return "ask" if written.speaks_of("approved") else "deny"
