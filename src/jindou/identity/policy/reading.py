"""Rules as they stand in files: parsed, named and held against the schema, with the line where something is wrong."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cedarpy
from pydantic import ValidationError

from jindou.errors import Invalid
from jindou.identity.policy.types import Rule, Verb

__all__ = ["Condition", "Statement", "conditions_of", "read_rules", "read_statements", "require_valid"]

_cedar: Any = cedarpy  # Its own types leave JSON unknown.
_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|\S')
_ABOUT = re.compile(r"^for policy `[^`]*`, ")


@dataclass(frozen=True, slots=True)
class Statement:
    """One policy, with the file and the line where it begins."""

    source: str
    line: int
    text: str

    def wrong(self, told: str, rule: str) -> Invalid:
        """Return the error that says what is wrong with it, and where."""
        return Invalid(f"{self.source}, line {self.line}: {told}", field="policy", rule=rule)


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule that decides only with the facts or the origins of a call: `verb` is what it comes to where it holds."""

    verb: Verb
    rule: Rule


def read_statements(sources: Mapping[str, str]) -> list[Statement]:
    """Return every policy of every source, in order.

    Raises:
        Invalid: one does not parse.
    """
    found = [statement for name, text in sources.items() for statement in _split(name, text)]
    for statement in found:
        try:
            _cedar.PolicySet.from_str(statement.text)
        except ValueError as error:
            raise statement.wrong(f"this policy does not parse: {error}.", "Cedar syntax") from None
    return found


def read_rules(statements: Sequence[Statement]) -> list[Rule]:
    """Return the rule that each policy says it is.

    Raises:
        Invalid: one has no id or no reason, or shares its id with another.
    """
    rules: list[Rule] = []
    known: set[str] = set()
    for statement in statements:
        rule = _rule(statement)
        if rule.id in known:
            raise statement.wrong(f"two policies have the id {rule.id}.", "ids are unique")
        known.add(rule.id)
        rules.append(rule)
    return rules


def require_valid(statements: Sequence[Statement], rules: Sequence[Rule], schema: cedarpy.Schema) -> None:
    """Hold every policy against the schema.

    Raises:
        Invalid: one speaks of what there is not, or compares what can't be compared.
    """
    answer = _cedar.validate_policies("\n".join(statement.text for statement in statements), schema)
    for error in answer.errors:
        n = int(str(error.policy_id).removeprefix("policy"))
        told = f"policy {rules[n].id} does not fit: {_ABOUT.sub('', error.error)}."
        raise statements[n].wrong(told, "Cedar schema")


def conditions_of(statements: Sequence[Statement], rules: Sequence[Rule]) -> tuple[cedarpy.PolicySet, list[Condition]]:
    """Return the rules that look at a call's facts or origins, and a set that tells which of them a call could meet.

    The set has the scope of each, as a permit without conditions under the number of its rule.
    """
    scopes: dict[str, Any] = {}
    found: list[Condition] = []
    for statement, rule in zip(statements, rules, strict=True):
        policy = next(iter(json.loads(_cedar.policies_to_json_str(statement.text))["staticPolicies"].values()))
        told = json.dumps(policy["conditions"])
        if any(f'"attr": "{name}"' in told for name in ("facts", "origins")):
            held: Verb = "ask" if '"attr": "approved"' in told else "deny"
            scopes[str(len(found))] = {**policy, "effect": "permit", "conditions": []}
            found.append(Condition("allow" if policy["effect"] == "permit" else held, rule))
    document: dict[str, Any] = {"templates": {}, "staticPolicies": scopes, "templateLinks": []}
    return _cedar.PolicySet.from_json_str(json.dumps(document)), found


def _split(source: str, text: str) -> Iterator[Statement]:
    """Yield the policies of a text; a semicolon in a string or in a comment ends none."""
    start: int | None = None
    for token in _TOKEN.finditer(text):
        if start is None and not token[0].startswith("//"):
            start = token.start()
        if token[0] == ";" and start is not None:
            yield Statement(source, text.count("\n", 0, start) + 1, text[start : token.end()])
            start = None
    if start is not None:
        yield Statement(source, text.count("\n", 0, start) + 1, text[start:])


def _rule(statement: Statement) -> Rule:
    policies = json.loads(_cedar.policies_to_json_str(statement.text))["staticPolicies"]
    if not policies:
        raise statement.wrong("a template is no policy.", "no slots")
    notes: dict[str, str] = next(iter(policies.values())).get("annotations", {})
    missing = [note for note in ("id", "reason_en", "reason_zh") if not notes.get(note)]
    if missing:
        told = f"Policy {notes.get('id') or statement.text.split(maxsplit=1)[0]} lacks @{missing[0]}."
        raise statement.wrong(told, "@id, @reason_en, @reason_zh")
    reason = {"en": notes["reason_en"], "zh": notes["reason_zh"]}
    try:
        return Rule.model_validate({"id": notes["id"], "reason": reason, "approvers": notes.get("approvers", 1)})
    except ValidationError:
        told = f"Policy {notes['id']} says @approvers({notes['approvers']!r})."
        raise statement.wrong(told, "@approvers is a number from 1 to 9") from None
