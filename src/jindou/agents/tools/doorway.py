"""The one doorway: no tool runs but through here, whoever asks.

A call is parsed, its facts are gathered by the platform, the policy decides, and only an allowed call is executed,
under the key that makes its effect happen once.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import BaseModel

from jindou.agents.assistants import Assistant
from jindou.agents.tools.types import Call, Change, Facts, Localized, Tool, ToolError, Undo
from jindou.cloud.secrets import Scrubber, Secret, SecretMissing, Secrets
from jindou.errors import Forbidden, Invalid
from jindou.hiding import hiding
from jindou.identity.policy import Action, Condition, Decision, Policy, Resource
from jindou.identity.principals import Principal
from jindou.models.gateway import ToolSchema
from jindou.telemetry import get_logger

__all__ = ["Asked", "Checked", "Doorway", "actions_of"]

_log = get_logger(__name__)
_NO_UNDO: Localized = {
    "en": "The tool does not say how this is undone.",
    "zh": "该工具没有说明如何撤销此操作。",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that somebody's assistant wants to make. `key` names its effect; `arguments` are the model's own.

    `undoes` says that the platform itself makes the call, to put an effect of the assistant's back. `origins` says
    where each argument comes from, as the platform found it; what it does not name, the model chose.
    """

    who: Principal
    assistant: Assistant
    name: str
    arguments: Mapping[str, object]
    key: str
    now: datetime
    undoes: bool = False
    origins: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Checked:
    """A call that the doorway has looked at. Only `Doorway.check` makes one.

    `problem` is why the tool can't do it, for the model to read; then there is nothing to execute.
    """

    asked: Asked
    tool: Tool
    arguments: BaseModel | None
    facts: Facts | None
    decision: Decision
    problem: str | None = None

    @property
    def arguments_hash(self) -> str:
        """SHA-256 of the tool and its validated arguments: what an approval binds to."""
        content = self.arguments.model_dump(mode="json") if self.arguments else None
        canonical = json.dumps([self.asked.assistant.pack, self.tool.name, content], sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


class Doorway:
    """Every tool of every pack, behind the policy."""

    def __init__(self, policy: Policy, tools: Mapping[str, Sequence[Tool]], secrets: Secrets) -> None:
        self._policy = policy
        self._secrets = secrets
        self._tools = {(pack, tool.name): tool for pack, of_pack in tools.items() for tool in of_pack}
        self._granted: dict[tuple[str, tuple[str, ...]], Sequence[Tool]] = {}
        self._schemas: dict[tuple[str, tuple[str, ...]], Sequence[ToolSchema]] = {}

    def under(self, policy: Policy) -> "Doorway":
        """Return the same tools behind other rules."""
        other = copy(self)
        other._policy = policy  # noqa: SLF001 - of its own kind
        return other

    def tools_of(self, assistant: Assistant) -> Sequence[Tool]:
        """Return the tools an assistant was granted, in its order.

        Raises:
            Invalid: it names a tool that its pack does not have.
        """
        asked = assistant.pack, tuple(assistant.tools)
        known = self._granted.get(asked)
        if known is None:
            known = self._granted[asked] = tuple(self._tool(assistant, name) for name in assistant.tools)
        return known

    def schemas_of(self, assistant: Assistant) -> Sequence[ToolSchema]:
        """Return the same tools as a model sees them.

        Raises:
            Invalid: as `tools_of` says.
        """
        asked = assistant.pack, tuple(assistant.tools)
        known = self._schemas.get(asked)
        if known is None:
            tools = self.tools_of(assistant)
            known = self._schemas[asked] = tuple(ToolSchema(of.name, of.description, of.schema()) for of in tools)
        return known

    def require_tools(self, assistants: Iterable[Assistant]) -> None:
        """Make sure, at start-up, that every assistant's tools exist, and the tools that undo them.

        Raises:
            Invalid: one names a tool that its pack does not have.
        """
        for assistant in assistants:
            for tool in self.tools_of(assistant):
                if isinstance(tool.undo, Undo):
                    self._tool(assistant, tool.undo.tool)

    def only_reads(self, assistant: Assistant, name: str) -> bool:
        """Say whether a tool of the assistant's pack changes nothing; of one that is gone nobody knows."""
        tool = self._tools.get((assistant.pack, name))
        return tool is not None and tool.risk == "read"

    def undo_of(self, assistant: Assistant, name: str) -> Undo | Localized:
        """Return how the effect of a tool is put back, or why it can't be."""
        tool = self._tools.get((assistant.pack, name))
        return tool.undo if tool is not None and tool.undo is not None else _NO_UNDO

    def title_of(self, assistant: Assistant, name: str) -> Localized:
        """Return what employees call a tool, or its name where there is no such tool."""
        tool = self._tools.get((assistant.pack, name))
        return tool.title if tool is not None else {"en": name, "zh": name}

    def check(self, asked: Asked, *, approved: bool = False) -> Checked:
        """Decide about a call; `approved` says that a person with the right has approved exactly this one.

        Raises:
            ToolError: there is no such tool.
        """
        tool = self._tool_of(asked)
        arguments: BaseModel | None = None
        facts: Facts | None = None
        problem: str | None = None
        try:
            arguments = tool.parse(asked.arguments)
            facts = tool.facts(self._call(asked), **dict(arguments)) if tool.facts else {}
        except ToolError as error:
            problem = str(error)
        decision = self._decide(asked, tool, facts, approved=approved)
        return Checked(asked, tool, arguments, facts, decision, problem)

    def outline(self, asked: Asked) -> tuple[Decision, list[Condition]]:
        """Decide about a call of which nothing is known but its tool, with the rules that its arguments may meet.

        What forbids anyway leaves only rules that permit to be met.

        Raises:
            ToolError: there is no such tool.
        """
        tool = self._tool_of(asked)
        question = self._question(replace(asked, arguments={}), tool, None, approved=False)
        decision = self._policy.decide(asked.who, *question)
        denied = decision.verb == "deny"
        conditions = self._policy.conditions(asked.who, *question[:2])
        return decision, [condition for condition in conditions if (condition.verb == "allow") is denied]

    def judge(self, asked: Asked, facts: Facts) -> Decision:
        """Decide about a call of which `facts` are known.

        Raises:
            ToolError: there is no such tool.
        """
        return self._decide(asked, self._tool_of(asked), facts, approved=False)

    def question_of(self, checked: Checked) -> tuple[str, Resource, dict[str, object]]:
        """Return what the policy was asked about a call that nobody had approved: action, resource and context."""
        return self._question(checked.asked, checked.tool, checked.facts, approved=False)

    def _decide(self, asked: Asked, tool: Tool, facts: Facts | None, *, approved: bool) -> Decision:
        """Decide, also where the facts can't be had.

        Somebody without the right hears of the rule that says so, and of nothing that is wrong with the arguments or
        that a rule knows of the facts: that could tell them what exists.
        """
        decision = self._policy.decide(asked.who, *self._question(asked, tool, facts, approved=approved))
        if decision.verb != "deny" or not facts:
            return decision
        blind = self._policy.decide(asked.who, *self._question(asked, tool, None, approved=approved))
        return blind if blind.verb == "deny" else decision

    def preview(self, checked: Checked) -> list[Change]:
        """Return what the call would change."""
        if checked.tool.preview is None or checked.arguments is None:
            return []
        return list(checked.tool.preview(self._call(checked.asked), **dict(checked.arguments)))

    def execute(self, checked: Checked) -> dict[str, object]:
        """Run an allowed call and return its result as plain JSON values.

        Raises:
            Forbidden: the decision is not to allow.
            ToolError: the tool can't do it.
        """
        if checked.decision.verb != "allow":
            raise Forbidden("This call is not allowed.", rules=[rule.id for rule in checked.decision.rules])
        if checked.problem is not None or checked.arguments is None:
            raise ToolError(checked.problem or "The arguments are missing.")
        call, arguments = self._call(checked.asked), checked.arguments
        if checked.tool.credential is None:
            return _run(checked.tool, call, arguments)
        secret = self._secret(checked.asked, checked.tool.credential)
        return _run_with(secret, lambda: _run(checked.tool, replace(call, credential=secret), arguments))

    def look_up(self, asked: Asked) -> tuple[bool | None, dict[str, object] | None]:
        """Say whether a call that nobody waited for has changed anything (None: unknown), with its result if it has."""
        tool = self._tools.get((asked.assistant.pack, asked.name))
        if tool is None or tool.risk == "read":
            return False, None
        if tool.known is None:
            return None, None
        result = tool.known(self._call(asked))
        return result is not None, result

    def _secret(self, asked: Asked, name: str) -> Secret:
        try:
            return self._secrets.use(asked.who, name, f"assistant:{asked.assistant.slug}", asked.key)
        except SecretMissing as error:
            raise ToolError(error.message) from None

    def _call(self, asked: Asked) -> Call:
        resource = self._resource(asked)

        def may(action: str) -> bool:
            context: dict[str, object] = {"approved": False, "tool": asked.name}
            return (
                self._policy.decide(asked.who, f"{asked.assistant.pack}::{action}", resource, context).verb == "allow"
            )

        return Call(
            key=asked.key,
            org_id=asked.who.org_id,
            person_id=asked.who.person_id,
            person_name=asked.who.name,
            now=asked.now,
            may=may,
        )

    def _question(
        self, asked: Asked, tool: Tool, facts: Facts | None, *, approved: bool
    ) -> tuple[str, Resource, dict[str, object]]:
        context: dict[str, object] = {
            "approved": approved,
            "tool": tool.name,
            "level": asked.assistant.approvals,
            "undo": asked.undoes,
            "origins": {
                name: asked.origins.get(name, "model")
                for name in tool.arguments.model_fields
                if name in asked.arguments
            },
        }
        if facts is not None:
            context["facts"] = dict(facts)
        return f"{asked.assistant.pack}::{tool.name}", self._resource(asked), context

    def _resource(self, asked: Asked) -> Resource:
        assistant = asked.assistant
        grants = set(assistant.tools)
        if asked.undoes:
            grants |= {tool.undo.tool for tool in self.tools_of(assistant) if isinstance(tool.undo, Undo)}
        return Resource("Assistant", assistant.slug, grants)

    def _tool_of(self, asked: Asked) -> Tool:
        tool = self._tools.get((asked.assistant.pack, asked.name))
        if tool is None:
            raise ToolError(f"There is no tool {asked.name}. Use one of: {', '.join(asked.assistant.tools)}.")
        return tool

    def _tool(self, assistant: Assistant, name: str) -> Tool:
        if (assistant.pack, name) not in self._tools:
            raise Invalid(f"{assistant.slug} names an unknown tool: {name}.", field="tools", rule="of its pack")
        return self._tools[assistant.pack, name]


def _run(tool: Tool, call: Call, arguments: BaseModel) -> dict[str, object]:
    result: BaseModel = tool.run(call, **dict(arguments))
    return result.model_dump(mode="json", exclude_none=True)


def _run_with(secret: Secret, run: Callable[[], dict[str, object]]) -> dict[str, object]:
    """Run a tool that has a credential, and take the value out of whatever comes of it.

    Raises:
        ToolError: the tool can't do it; also where it broke, since no other error of it may go further.
    """
    scrubber = Scrubber(secret.reveal())
    with hiding(scrubber):
        try:
            return scrubber.result(run())
        # Also what ends a thread: `sys.exit` takes any value, and its text, chain and frames may all have this one.
        except BaseException as error:  # noqa: BLE001
            told = _told(error, scrubber)
            fields = {"error": scrubber.text(type(error).__name__), "credential": secret.name}
            _log.warning("a tool with a credential failed", extra={"fields": fields})
    # Raised out here, so that the first error is no context of this one.
    raise ToolError(told)


def _told(error: BaseException, scrubber: Scrubber) -> str:
    """Return what the model may read of an error: the text of one that is meant for it, of others the type alone."""
    if isinstance(error, ToolError):
        try:
            return scrubber.text(str(error))
        except Exception as worse:  # noqa: BLE001 - the tool's own `__str__`
            error = worse
    return f"The tool broke: {scrubber.text(type(error).__name__)}."


def actions_of(pack: str, tools: Sequence[Tool], further: Sequence[str]) -> dict[str, Action]:
    """Return what the policy decides of a pack: the calls of its tools, and what else may be allowed."""
    calls = {
        f"{pack}::{tool.name}": Action((tool.risk, "tools::call"), tuple(tool.arguments.model_fields), tool.facts_type)
        for tool in tools
    }
    return calls | {f"{pack}::{name}": Action() for name in further}
