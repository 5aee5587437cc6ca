"""What rules may speak of, as a Cedar schema: the actions there are, and what each is asked with.

It is made of the tools themselves, so that a rule about a fact that no tool has is found before anybody relies on it.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import cedarpy

__all__ = ["PLATFORM_ACTIONS", "Action", "action_entities", "groups_of", "schema_of"]

_BOOLEAN = {"type": "Boolean"}
_TEXT = {"type": "String"}
_TYPES: Mapping[type, Mapping[str, str]] = {bool: _BOOLEAN, int: {"type": "Long"}, str: _TEXT}
_NOTHING: Mapping[str, Any] = {}
_OWN: Mapping[str, Any] = {"own": _BOOLEAN}
_OPEN: Mapping[str, Any] = {"open": _BOOLEAN}
_PLATFORM_ACTIONS: Mapping[str, Mapping[str, Any]] = {
    "approvals::delegate": {"decides": _BOOLEAN},
    **dict.fromkeys(("budgets::create", "budgets::read", "budgets::update", "budgets::delete"), _OWN),
    **dict.fromkeys(("keys::create", "keys::read", "keys::revoke", "keys::rotate"), _OWN),
    "secrets::manage": _OWN,
    **dict.fromkeys(("readings::create", "readings::update"), _OPEN),
    **dict.fromkeys(("runs::branch", "runs::cancel", "runs::pause", "runs::read", "runs::resume"), _OWN),
    **dict.fromkeys(("runs::retry", "runs::steer", "runs::undo"), _OWN),
    **dict.fromkeys(("audit::read", "completions::create", "deployments::manage", "deployments::read"), _NOTHING),
    **dict.fromkeys(("policies::activate", "policies::propose", "policies::read"), _NOTHING),
    **dict.fromkeys(("models::manage", "models::read", "people::manage", "policy::explain", "runs::start"), _NOTHING),
    **dict.fromkeys(("sso::manage", "usage::read", "usage::reconcile", "webhooks::manage"), _NOTHING),
}
_DECIDE = "approvals::decide"
PLATFORM_ACTIONS = frozenset({*_PLATFORM_ACTIONS, _DECIDE})
_GROUPS = ("read", "write", "money", "tools::call")


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a pack lets people do: its groups and, of a tool, the arguments and the types of its facts."""

    groups: Collection[str] = ()
    arguments: Collection[str] = ()
    facts: Mapping[str, type] = field(default_factory=dict[str, type])


def schema_of(actions: Mapping[str, Action]) -> cedarpy.Schema:
    """Return the schema of the platform's actions and of those of the packs."""
    shown: dict[str, Any] = {name: _platform_action(context) for name, context in _PLATFORM_ACTIONS.items()}
    shown[_DECIDE] = _platform_action(_deciding(actions))
    members = {group for action in actions.values() for group in action.groups}
    # A rule about money is no mistake where no pack has a tool that moves any.
    shown |= {group: {} if group in members else _tool_action(Action()) for group in {*_GROUPS, *members}}
    shown |= {name: _tool_action(action) for name, action in actions.items()}
    entities = {
        "Role": {},
        "Person": {"memberOfTypes": ["Role"]},
        "Assistant": {"shape": _record({"grants": {"type": "Set", "element": _TEXT}})},
        "Organisation": {},
    }
    return cedarpy.Schema.from_json_str(json.dumps({"": {"entityTypes": entities, "actions": shown}}))


def groups_of(actions: Mapping[str, Action]) -> dict[str, tuple[str, ...]]:
    """Return the groups that each action is in, of the platform's actions and of those of the packs."""
    return {name: tuple(action.groups) for name, action in actions.items()} | dict.fromkeys(PLATFORM_ACTIONS, ())


def action_entities(actions: Mapping[str, Action]) -> list[dict[str, object]]:
    """Return every action and every group of actions, as Cedar's entities."""
    known = groups_of(actions)
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


def _platform_action(context: Mapping[str, Any]) -> dict[str, Any]:
    return _applies(context, ["Organisation", "Assistant"])


def _tool_action(action: Action) -> dict[str, Any]:
    context: dict[str, Any] = {
        "approved": _BOOLEAN,
        "tool": _TEXT,
        "level": _TEXT,
        "undo": _BOOLEAN,
        "origins": _record(dict.fromkeys(action.arguments, _TEXT), required=False),
        "facts": {**_record({name: _TYPES[type_] for name, type_ in action.facts.items()}), "required": False},
    }
    return {**_applies(context, ["Assistant"]), "memberOf": [{"id": group} for group in action.groups]}


def _deciding(actions: Mapping[str, Action]) -> dict[str, Any]:
    """Whoever decides is asked of any tool's facts; one that two tools type differently can't be spoken of."""
    types: dict[str, set[type]] = {}
    for name, type_ in (fact for action in actions.values() for fact in action.facts.items()):
        types.setdefault(name, set()).add(type_)
    facts = {name: _TYPES[next(iter(found))] for name, found in types.items() if len(found) == 1}
    return {"own": _BOOLEAN, "delegated": _BOOLEAN, "tool": _TEXT, "facts": _record(facts, required=False)}


def _applies(context: Mapping[str, Any], resources: list[str]) -> dict[str, Any]:
    return {"appliesTo": {"principalTypes": ["Person"], "resourceTypes": resources, "context": _record(context)}}


def _record(attributes: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    shown = {name: {"required": required, **type_} for name, type_ in attributes.items()}
    return {"type": "Record", "attributes": shown}
