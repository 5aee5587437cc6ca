"""What differs between two sets of rules, by their ids, and whom it lets do more."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from jindou.agents.policies.types import PolicyChange, PolicyRule
from jindou.identity.policy import Written
from jindou.identity.principals import Principal

__all__ = ["changes_between", "shown", "widened_for"]

_PARTS: Mapping[str, str] = {
    "effect": "effect",
    "principal": "who",
    "action": "what",
    "resource": "where",
    "conditions": "when",
}


def shown(written: Written) -> PolicyRule:
    """Return a rule as people read it."""
    statement = written.statement
    effect: Literal["permit", "forbid"] = "permit" if written.effect == "permit" else "forbid"
    return PolicyRule(rule=written.rule, effect=effect, file=statement.source, line=statement.line, text=statement.text)


def changes_between(before: Sequence[Written], after: Sequence[Written]) -> list[PolicyChange]:
    """Return what becomes of each rule that is not the same, in the order of the new rules; those that go are last."""
    old, new = ({one.rule.id: one for one in written} for written in (before, after))
    found = [_change(id_, old.get(id_), new.get(id_)) for id_ in [*new, *(id_ for id_ in old if id_ not in new)]]
    return [change for change in found if change is not None]


def widened_for(before: Sequence[Written], after: Sequence[Written], who: Principal) -> list[str]:
    """Return the rules whose change may let this person do more; where it can't be known, it may."""
    old, new = ({one.rule.id: one for one in written} for written in (before, after))
    found: list[str] = []
    for change in changes_between(before, after):
        if not set(change.parts) - {"reason"}:
            continue
        gained = [one for one in (new.get(change.id),) if one is not None and one.effect == "permit"]
        lost = [one for one in (old.get(change.id),) if one is not None and one.effect == "forbid"]
        if any(_may_be_about(one, who) for one in (*gained, *lost)):
            found.append(change.id)
    return found


def _change(id_: str, old: Written | None, new: Written | None) -> PolicyChange | None:
    if old is not None and new is not None:
        parts = _parts(old, new)
        if not parts:
            return None
        matters = bool(set(parts) - {"reason"})
        return PolicyChange(
            id=id_,
            change="changed",
            before=shown(old),
            after=shown(new),
            parts=parts,
            widens=matters,
            narrows=matters,
        )
    there = new or old
    if there is None:
        return None
    widens = (there.effect == "permit") is (new is not None)
    return PolicyChange(
        id=id_,
        change="added" if new is not None else "removed",
        before=shown(old) if old else None,
        after=shown(new) if new else None,
        parts=[*_PARTS.values()],
        widens=widens,
        narrows=not widens,
    )


def _parts(old: Written, new: Written) -> list[str]:
    parts = [told for part, told in _PARTS.items() if _plain(old.policy[part]) != _plain(new.policy[part])]
    if old.rule.reason != new.rule.reason:
        parts.append("reason")
    if old.rule.approvers != new.rule.approvers:
        parts.append("approvers")
    return parts


def _plain(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _may_be_about(written: Written, who: Principal) -> bool:
    scope: Mapping[str, Any] = written.policy["principal"]
    named: Mapping[str, str] | None = scope.get("entity") or scope.get("in", {}).get("entity")
    if named is None:
        return True
    if named["type"] == "Role":
        return named["id"] in who.roles
    return named["id"] == who.person_id
