"""Asking the doorway about calls that nobody has made."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jindou.agents.approvals import Approvals
from jindou.agents.assistants import Assistant, Assistants
from jindou.agents.decisions.types import Answer, PersonRights, Proposal, ToolCondition, ToolRight
from jindou.agents.tools import Asked, Checked, Doorway, ToolError
from jindou.db import Work
from jindou.errors import NotFound
from jindou.identity.policy import Decision, Policy, Resource
from jindou.identity.principals import Principal, Principals
from jindou.models.gateway import stands_in

__all__ = ["Decisions"]


class Decisions:
    """Says what the doorway would decide: for oneself, and for others to those who may know."""

    def __init__(
        self, policy: Policy, doorway: Doorway, approvals: Approvals, *, assistants: Assistants, principals: Principals
    ) -> None:
        self._policy = policy
        self._doorway = doorway
        self._approvals = approvals
        self._assistants = assistants
        self._principals = principals

    def explain(self, work: Work, who: Principal, proposal: Proposal) -> Answer:
        """Decide about a call as the doorway does, and do nothing.

        Raises:
            Forbidden: it is somebody else's, and this person may not ask for others.
            NotFound: there is no such person, assistant or tool.
        """
        person = self._person(work, who, proposal.principal)
        assistant = self._assistants.get(proposal.assistant)
        checked = self._check(work, person, assistant, proposal)
        decision, asked = checked.decision, checked.asked
        may_know = decision.verb != "deny" and (
            person.person_id == who.person_id or self._check(work, who, assistant, proposal).decision.verb != "deny"
        )
        asks = decision.verb == "ask"
        return Answer(
            principal=person.handle,
            assistant=assistant.slug,
            tool=asked.name,
            verb=decision.verb,
            rules=list(decision.rules),
            reason=" ".join(rule.reason.get(who.language, rule.reason["en"]) for rule in decision.rules),
            approvers=decision.approvers if asks else 0,
            deciders=self._approvals.deciders(work, checked) if asks else [],
            origins={
                name: asked.origins[name] for name in checked.tool.arguments.model_fields if name in asked.origins
            },
            problem=checked.problem or "" if may_know else "",
        )

    def under(self, policy: Policy) -> "Decisions":
        """Return the same by other rules."""
        return Decisions(
            policy,
            self._doorway.under(policy),
            self._approvals,
            assistants=self._assistants,
            principals=self._principals,
        )

    def decide(self, work: Work, of: Principal, proposal: Proposal, facts: Mapping[str, Any] | None) -> Decision:
        """Decide about a call of somebody's, with `facts` of it, or with those that the tool knows.

        Raises:
            NotFound: there is no such assistant or tool.
        """
        assistant = self._assistants.get(proposal.assistant)
        if facts is None:
            return self._check(work, of, assistant, proposal).decision
        arguments, origins = proposal.arguments, _origins(proposal)
        asked = _asked(work, of, assistant, proposal.tool, arguments=arguments, origins=origins)
        try:
            return self._doorway.judge(asked, facts)
        except ToolError:
            raise _no_tool(assistant, proposal) from None

    def rights(self, work: Work, who: Principal, person: str, assistant: str | None = None) -> PersonRights:
        """Return what a person may do with each tool of an assistant, or of every assistant.

        Raises:
            Forbidden: it is somebody else, and this person may not ask for others.
            NotFound: there is no such person or assistant.
        """
        of = self._person(work, who, person)
        named = [self._assistants.get(assistant)] if assistant is not None else self._assistants.list_assistants()
        return PersonRights(
            person_id=of.person_id,
            handle=of.handle,
            name=of.name,
            roles=list(of.roles),
            tools=list(self._rights(work, of, named)),
        )

    def may_explain(self, who: Principal) -> bool:
        """Say whether this person may ask for others."""
        return self._policy.decide(who, "policy::explain", Resource("Organisation", who.org_id), {}).verb == "allow"

    def _rights(self, work: Work, of: Principal, named: Iterable[Assistant]) -> Iterator[ToolRight]:
        """Yield the rights over every tool; where no rule names an assistant, those that are alike are decided once."""
        known: dict[tuple[object, ...], ToolRight] = {}
        for one in named:
            alike = (
                (one.slug,)
                if self._policy.names_assistants(of.org_id)
                else (one.pack, one.approvals, frozenset(one.tools))
            )
            for tool in one.tools:
                if (*alike, tool) not in known:
                    known[*alike, tool] = self._right(work, of, one, tool)
                yield known[*alike, tool].model_copy(update={"assistant": one.slug})

    def _right(self, work: Work, of: Principal, assistant: Assistant, tool: str) -> ToolRight:
        decision, conditions = self._doorway.outline(_asked(work, of, assistant, tool, arguments={}, origins={}))
        return ToolRight(
            assistant=assistant.slug,
            tool=tool,
            title=dict(self._doorway.title_of(assistant, tool)),
            verb=decision.verb,
            rules=list(decision.rules),
            conditions=[ToolCondition(verb=condition.verb, rule=condition.rule) for condition in conditions],
        )

    def _check(self, work: Work, of: Principal, assistant: Assistant, proposal: Proposal) -> Checked:
        arguments, origins = proposal.arguments, _origins(proposal)
        asked = _asked(work, of, assistant, proposal.tool, arguments=arguments, origins=origins)
        try:
            return self._doorway.check(asked)
        except ToolError:
            raise _no_tool(assistant, proposal) from None

    def _person(self, work: Work, who: Principal, person: str | None) -> Principal:
        if person is None or person in {who.handle, who.person_id}:
            return who
        # Whoever may not ask for others does not learn from the answer who there is.
        self._policy.require(who, "policy::explain", Resource("Organisation", who.org_id), {})
        return self._principals.principal(work, who.org_id, self._principals.find(work, person).id)


def _no_tool(assistant: Assistant, proposal: Proposal) -> NotFound:
    told = f"{assistant.slug} has no tool {proposal.tool!r}; there are: {', '.join(assistant.tools)}."
    return NotFound(told)


def _asked(
    work: Work,
    of: Principal,
    assistant: Assistant,
    tool: str,
    *,
    arguments: Mapping[str, object],
    origins: Mapping[str, str],
) -> Asked:
    return Asked(
        who=of,
        assistant=assistant,
        name=tool,
        arguments=arguments,
        key=work.new_id("dcs"),
        now=work.now(),
        origins=origins,
    )


def _origins(proposal: Proposal) -> dict[str, str]:
    told = proposal.provenance
    return {
        name: told.get(name) or ("person" if stands_in(value, proposal.task) else "model")
        for name, value in proposal.arguments.items()
    }
