"""Rules as they stand in files: parsed, named and held against the schema, with the line where something is wrong."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import cedarpy
from pydantic import ValidationError

from jindou.errors import Invalid
from jindou.identity.policy.patience import ENDLESS, Patience
from jindou.identity.policy.types import Rule

__all__ = ["Statement", "Written", "read_rules", "require_valid", "split"]

_cedar: Any = cedarpy  # Its own types leave JSON unknown.
_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"?|;|\S', re.DOTALL)
"""A text that nobody ends goes on to the end: were it no token, each quote in it would be looked at anew."""

_ABOUT = re.compile(r"^for policy `[^`]*`, ")


@dataclass(frozen=True, slots=True)
class Statement:
    """One policy, with the file and the line where it begins."""

    source: str
    line: int
    text: str

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.source}, line {self.line}"

    def wrong(self, told: str, rule: str) -> Invalid:
        """Return the error that says what is wrong with it, and where."""
        return Invalid(f"{self.place}: {told}", field="policy", rule=rule)


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as it stands in a file. `policy` is Cedar's own JSON of it."""

    statement: Statement
    rule: Rule
    policy: Mapping[str, Any]

    @property
    def effect(self) -> str:
        """`permit` or `forbid`."""
        return str(self.policy["effect"])

    @property
    def actions(self) -> frozenset[str]:
        """The actions and groups of actions that its scope names; none where it is about every action."""
        scope = self.policy["action"]
        found: list[Mapping[str, str]] = scope.get("entities", [scope["entity"]] if "entity" in scope else [])
        return frozenset(entity["id"] for entity in found)

    @property
    def entities(self) -> frozenset[tuple[str, str]]:
        """The type and the id of all that it names."""
        return frozenset(_named([self.policy[part] for part in ("principal", "action", "resource", "conditions")]))

    def speaks_of(self, *names: str) -> bool:
        """Say whether its conditions have one of these words, so that it may read the attribute of that name."""
        told = json.dumps(self.policy["conditions"])
        return any(f'"{name}"' in told for name in names)


def split(sources: Mapping[str, str]) -> list[Statement]:
    """Return the policies of every source as they stand there, in order, good or not."""
    return [statement for name, text in sources.items() for statement in _split(name, text)]


def read_rules(sources: Mapping[str, str], patience: Patience = ENDLESS) -> list[Written]:
    """Return every rule of every source, in order.

    Raises:
        Invalid: one does not parse, has no id or no reason, or shares its id with another; or it takes too long.
    """
    found: list[Written] = []
    known: set[str] = set()
    for statement in split(sources):
        patience.require(statement.place)
        policy = _parse(statement)
        rule = _rule(statement, policy)
        if rule.id in known:
            raise statement.wrong(f"two policies have the id {rule.id}.", "ids are unique")
        known.add(rule.id)
        found.append(Written(statement, rule, policy))
    return found


def require_valid(written: Sequence[Written], schema: cedarpy.Schema, patience: Patience = ENDLESS) -> None:
    """Hold every rule against the schema, one after the other: Cedar takes minutes to tell all that is wrong with many.

    Raises:
        Invalid: one speaks of what there is not, or compares what can't be compared; or it takes too long.
    """
    for one in written:
        patience.require(one.statement.place)
        for error in _cedar.validate_policies(one.statement.text, schema, release_gil=True).errors:
            told = f"policy {one.rule.id} does not fit: {_ABOUT.sub('', error.error)}."
            raise one.statement.wrong(told, "Cedar schema")


def _split(source: str, text: str) -> Iterator[Statement]:
    """Yield the policies of a text; a semicolon in a string or in a comment ends none."""
    start: int | None = None
    line, counted = 1, 0
    for token in _TOKEN.finditer(text):
        if start is None and not token[0].startswith("//"):
            start = token.start()
            line, counted = line + text.count("\n", counted, start), start
        if token[0] == ";" and start is not None:
            yield Statement(source, line, text[start : token.end()])
            start = None
    if start is not None:
        yield Statement(source, line, text[start:])


def _named(told: object) -> Iterator[tuple[str, str]]:
    match told:
        case {"type": str(type_), "id": str(id_)}:
            yield type_, id_
        case dict():
            for inner in cast("dict[str, object]", told).values():
                yield from _named(inner)
        case list():
            for inner in cast("list[object]", told):
                yield from _named(inner)
        case _:
            pass


def _parse(statement: Statement) -> Mapping[str, Any]:
    try:
        policies = json.loads(_cedar.policies_to_json_str(statement.text))["staticPolicies"]
    except (ValueError, RecursionError) as error:
        raise statement.wrong(f"this policy does not parse: {error}.", "Cedar syntax") from None
    if not policies:
        raise statement.wrong("a template is no policy.", "no slots")
    return next(iter(policies.values()))


def _rule(statement: Statement, policy: Mapping[str, Any]) -> Rule:
    notes: dict[str, str] = policy.get("annotations", {})
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
