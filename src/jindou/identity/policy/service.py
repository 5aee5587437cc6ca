"""Decisions by Cedar (https://www.cedarpolicy.com) about people, assistants and the organisation.

Person ∩ assistant is written as a rule that forbids, since Cedar unions what is permitted.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import Any

import cedarpy

from jindou.errors import Invalid
from jindou.identity.policy.own import UNREADABLE, require_bounds, require_own
from jindou.identity.policy.patience import Patience
from jindou.identity.policy.reading import Written, read_rules, require_valid, split
from jindou.identity.policy.ruleset import RuleSet
from jindou.identity.policy.schema import Action, action_entities, groups_of, schema_of
from jindou.identity.policy.types import Condition, Decision, Rule
from jindou.identity.principals import Principal
from jindou.telemetry import get_logger

__all__ = ["Policy", "Resource"]

_cedar: Any = cedarpy  # Its own types leave JSON unknown.
_log = get_logger(__name__)
_PLATFORM = Path(__file__).parent / "platform.cedar"
_About = tuple[str, tuple[str, ...], str, str, tuple[str, ...]]
"""Who does something to what: all that entities are made of."""


class Resource:
    """What an action is done to: an assistant with the tools it was granted, or the organisation itself."""

    def __init__(self, kind: str, id: str, grants: Iterable[str] = ()) -> None:  # noqa: A002 - Cedar's own word
        self.kind = kind
        self.id = id
        self.grants = tuple(sorted(grants))


class Policy:
    """Every rule of the installation, parsed once, and what organisations have added for themselves.

    `packs` maps a pack's name to its Cedar text; `actions` says what can be done with its tools. A process that has
    no packs does not hold the platform's rules against them: one that has them does.

    Raises:
        Invalid: a policy does not parse or speaks of what there is not, has no id or no reason, or shares its id.
    """

    def __init__(self, packs: Mapping[str, str], actions: Mapping[str, Action]) -> None:
        self._written = read_rules({"platform.cedar": _PLATFORM.read_text(encoding="utf-8"), **packs})
        self._schema = schema_of(actions)
        if actions:
            require_valid(self._written, self._schema)
        self._groups = groups_of(actions)
        self._set = RuleSet(self._written, self._groups)
        self._own: dict[str, RuleSet] = {}
        self._base: cedarpy.Entities = _cedar.Entities.from_json_str(json.dumps(action_entities(actions)))
        self._entities = lru_cache(maxsize=1024)(self._entities_of)
        # Rules never change, so the same question about the same person and thing has the same answer.
        self._decisions = lru_cache(maxsize=1024)(self._decision_of)

    @property
    def rules(self) -> list[Rule]:
        """Every rule of the platform and of packs, in the order in which they were read."""
        return self._set.rules

    @property
    def schema(self) -> cedarpy.Schema:
        """What rules may speak of."""
        return self._schema

    def roles(self, org_id: str) -> frozenset[str]:
        """Return every role that a rule names; any other gives nobody of the organisation anything."""
        return self._set_of(org_id).roles

    def names_assistants(self, org_id: str) -> bool:
        """Say whether a rule may tell assistants apart by anything but the tools that they were granted."""
        return self._set_of(org_id).names_assistants

    def read(self, sources: Mapping[str, str], patience: Patience) -> list[Written]:
        """Return an organisation's own rules, held against what such rules may say.

        Raises:
            Invalid: the first that is wrong with them, with its file and its line, or where the time was over.
        """
        require_bounds(split(sources))
        written = read_rules(sources, patience)
        require_own(written, {rule.id for rule in self.rules}, self._groups)
        require_valid(written, self._schema, patience)
        return written

    @staticmethod
    def parse(sources: Mapping[str, str]) -> list[Written]:
        """Return rules that were good once; where they can't be read now, one that forbids every tool."""
        try:
            require_bounds(split(sources))
            return read_rules(sources)
        except Invalid as error:
            _log.error("rules can't be read", extra={"fields": {"why": error.message}})
            return read_rules({"platform.cedar": UNREADABLE})

    def adopt(self, org_id: str, sources: Mapping[str, str]) -> None:
        """Decide about an organisation by these rules too, from now on."""
        self._hang(org_id, self.parse(sources))

    def trying(self, org_id: str, written: Sequence[Written]) -> "Policy":
        """Return what would decide if these were the organisation's rules."""
        tried = copy(self)
        tried._own = dict(self._own)  # noqa: SLF001 - of its own kind
        tried._decisions = lru_cache(maxsize=1024)(tried._decision_of)  # noqa: SLF001 - of its own kind
        tried._hang(org_id, written)  # noqa: SLF001 - of its own kind
        return tried

    def _hang(self, org_id: str, written: Sequence[Written]) -> None:
        if written:
            self._own[org_id] = RuleSet([*self._written, *written], self._groups)
        else:
            self._own.pop(org_id, None)

    def _set_of(self, org_id: str) -> RuleSet:
        return self._own.get(org_id, self._set)

    def decide(self, who: Principal, action: str, resource: Resource, context: Mapping[str, object]) -> Decision:
        """Say whether `who` may do `action` to `resource`, and by which rules.

        Where `context["approved"]` is false and it is only that which stands against it, the answer is ``ask``.
        """
        return self._decisions(self._set_of(who.org_id), _about(who, resource), action, json.dumps(dict(context)))

    def _decision_of(self, rules: RuleSet, about: _About, action: str, context: str) -> Decision:
        return rules.decide(_question(about, action, json.loads(context)), self._entities(*about))

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
        about = _about(who, resource)
        return self._set_of(who.org_id).conditions(_question(about, action, {}), self._entities(*about))

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


def _about(who: Principal, resource: Resource) -> _About:
    return who.person_id, who.roles, resource.kind, resource.id, resource.grants


def _question(about: _About, action: str, context: Mapping[str, object]) -> dict[str, Any]:
    person, _, kind, resource, _ = about
    return {
        "principal": {"type": "Person", "id": person},
        "action": {"type": "Action", "id": action},
        "resource": {"type": kind, "id": resource},
        "context": dict(context),
    }
