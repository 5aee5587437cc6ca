"""Rules that decide: default deny, an evaluation error is a deny, and each answer names its rules."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import cedarpy

from jindou.identity.policy.reading import Written
from jindou.identity.policy.slicing import Slices
from jindou.identity.policy.types import Condition, Decision

__all__ = ["RuleSet"]

_ROLE = re.compile(r'\bRole::"([^"]+)"')
_cedar: Any = cedarpy  # Its own types leave JSON unknown.


class RuleSet:
    """Rules that never change, parsed once. `groups` are those that each action is in."""

    def __init__(self, written: Sequence[Written], groups: Mapping[str, Sequence[str]]) -> None:
        self.rules = [one.rule for one in written]
        self.names_assistants = any("Assistant::" in one.statement.text for one in written)
        self.roles = frozenset(role for one in written for role in _ROLE.findall(one.statement.text))
        self._slices = Slices(written, groups)

    def decide(self, question: Mapping[str, Any], entities: cedarpy.Entities) -> Decision:
        """Answer a request of Cedar, whose context is a mapping.

        Where its ``approved`` is false and it is only that which stands against it, the answer is ``ask``.
        """
        about = self._slices.of(question["action"]["id"])
        first = about.evaluate(question, entities)
        context: Mapping[str, object] = question["context"]
        if first.verb == "allow" or context.get("approved") is not False or not about.speaks_of_approval:
            return first
        approved = about.evaluate({**question, "context": {**context, "approved": True}}, entities)
        return Decision(verb="ask", rules=first.rules) if approved.verb == "allow" else first

    def conditions(self, question: Mapping[str, Any], entities: cedarpy.Entities) -> list[Condition]:
        """Return the rules that such a request may meet, by the facts and the origins of each call."""
        about = self._slices.of(question["action"]["id"])
        if not about.conditions:
            return []
        answer = _cedar.is_authorized(question, about.scopes, entities)
        return [about.conditions[n] for n in sorted(map(int, answer.diagnostics.reasons))]
