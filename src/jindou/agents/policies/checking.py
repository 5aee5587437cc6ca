"""What stands in the way of rules before they are proposed, and again before they are put in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jindou.agents.assistants import Assistants
from jindou.agents.decisions import Decisions
from jindou.agents.policies.changes import shown
from jindou.agents.policies.trials import read_trials, run_trial
from jindou.agents.policies.types import PolicyProblem, PolicyRule, PolicyTrial
from jindou.db import Work
from jindou.errors import Invalid, NotFound
from jindou.identity.policy import Patience, Policy, Resource, Written
from jindou.identity.principals import Principal, Principals

__all__ = ["Checker", "Findings", "cedar_of"]

_KEEPING = ("policies::activate", "people::manage")
"""What somebody must be able to do, so that everything else can be put right."""


def cedar_of(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files that have rules."""
    return {name: text for name, text in files.items() if name.endswith(".cedar")}


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found out about files."""

    written: list[Written]
    problems: list[PolicyProblem]
    trials: list[PolicyTrial]
    notes: list[str]

    @property
    def rules(self) -> list[PolicyRule]:
        """The rules as people read them."""
        return [shown(one) for one in self.written]


class Checker:
    """Holds rules against the schema, the organisation and their own tests."""

    def __init__(self, policy: Policy, decisions: Decisions, assistants: Assistants, principals: Principals) -> None:
        self._policy = policy
        self._decisions = decisions
        self._assistants = assistants
        self._principals = principals

    def examine(self, work: Work, org_id: str, files: Mapping[str, str]) -> Findings:
        """Return what is wrong with files; what is not even read is not looked at further."""
        patience = Patience()
        try:
            written, trials = self._policy.read(cedar_of(files), patience), read_trials(files, patience)
        except Invalid as error:
            return Findings([], [PolicyProblem(kind="rules", message=error.message, rule=error.rule)], [], [])
        problems = list(self._misnamed(work, org_id, written))
        tried = self._policy.trying(org_id, written)
        people = self._people(work, org_id)
        if self._locks_out(people, tried):
            told = "Nobody would be left who may put other rules in force, or look after people."
            problems.append(PolicyProblem(kind="lock-out", message=told, rule=" and ".join(_KEEPING)))
        decisions = self._decisions.under(tried)
        results: list[PolicyTrial] = []
        for trial in trials:
            try:
                patience.require(f"{trial[0]}, test {trial[1].name or trial[1].tool!r}")
            except Invalid as error:
                problems.append(PolicyProblem(kind="tests", message=error.message, rule=error.rule))
                break
            results.append(run_trial(work, org_id, decisions, self._principals, trial))
        failed = [one.name for one in results if not one.passed]
        if failed:
            told = f"{len(failed)} of {len(results)} tests fail: {', '.join(failed[:5])}."
            problems.append(PolicyProblem(kind="tests", message=told, rule="every test passes"))
        return Findings(written, problems, results, self._notes(people, written))

    def _misnamed(self, work: Work, org_id: str, written: Sequence[Written]) -> list[PolicyProblem]:
        return [
            PolicyProblem(
                kind="names",
                message=f"{one.rule.id} names {type_} {id_[:80]!r}, which there is not.",
                rule="people, assistants and roles of this organisation",
            )
            for one in written
            for type_, id_ in sorted(one.entities)
            if not self._is_there(work, org_id, type_, id_)
        ]

    def _is_there(self, work: Work, org_id: str, type_: str, id_: str) -> bool:
        try:
            if type_ == "Person":
                self._principals.get(work, id_)
            elif type_ == "Assistant":
                self._assistants.get(id_)
        except NotFound:
            return False
        return type_ != "Organisation" or id_ == org_id

    def _people(self, work: Work, org_id: str) -> list[Principal]:
        return [
            Principal(
                org_id=org_id,
                person_id=one.id,
                handle=one.handle,
                name=one.name,
                roles=tuple(one.roles),
                language=one.language,
                actor=one.id,
            )
            for one in self._principals.list_people(work)
        ]

    def _locks_out(self, people: Sequence[Principal], tried: Policy) -> bool:
        return any(
            any(_may(self._policy, one, action) for one in people)
            and not any(_may(tried, one, action) for one in people)
            for action in _KEEPING
        )

    def _notes(self, people: Sequence[Principal], written: Sequence[Written]) -> list[str]:
        known = {role for one in people for role in one.roles}
        named = {(one.rule.id, id_) for one in written for type_, id_ in one.entities if type_ == "Role"}
        return [
            f"{id_} is about the role {role!r}, which nobody has." for id_, role in sorted(named) if role not in known
        ]


def _may(policy: Policy, who: Principal, action: str) -> bool:
    return policy.decide(who, action, Resource("Organisation", who.org_id), {}).verb == "allow"
