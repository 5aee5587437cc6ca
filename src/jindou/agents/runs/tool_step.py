"""The tool calls of a run: through the doorway, with their approvals, journalled before and after."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jindou.agents.approvals import Approval, Case
from jindou.agents.runs.at_work import AtWork, Ended
from jindou.agents.runs.estimate import estimate
from jindou.agents.runs.fold import CallTool, CallTools
from jindou.agents.runs.limits import start_work, stop_work
from jindou.agents.runs.origins import origins_of
from jindou.agents.runs.queries import locked, step_data, step_of
from jindou.agents.runs.segment import Act, Outcome, Parts, Segment, State, has_had_its_effects
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.types import StepStatus
from jindou.agents.runs.undo import undo_key
from jindou.agents.runs.watch import Watch
from jindou.agents.tools import Asked, Checked, Tool, ToolError
from jindou.billing.pricing import Money
from jindou.db import Work
from jindou.identity.audit import Entry
from jindou.identity.policy import Decision, Rule

__all__ = ["asked_of", "begin_tools"]

_WAITING = "waiting"
_VOID: Mapping[str, Rule] = {
    why: Rule(id="jindou.approval-void", reason={"en": en, "zh": zh})
    for why, en, zh in (
        (
            "arguments",
            "The approval was given for other arguments: it does not hold for this call.",
            "该审批对应的参数与本次调用不同，不适用于本次调用。",
        ),
        (
            "facts",
            "The approval does not hold any more: what it would change is not as it was when it was shown.",
            "该审批已失效：相关情况已与审批时所示不同。",
        ),
        (
            "rights",
            "The approval does not hold any more: somebody who gave it may not decide about this any more.",
            "该审批已失效：批准人已无权审批此事项。",
        ),
        (
            "approvers",
            "The approval does not hold any more: more people must approve this than have.",
            "该审批已失效：现在需要更多人批准。",
        ),
    )
}


def begin_tools(segment: Segment, work: Work, state: State, action: CallTools) -> Act:
    """Write that some calls begin; what makes them may be done once that is durable."""
    steps = [of.step or _begin_step(segment, state, work, of) for of in action.calls]
    return lambda: _call_tools(segment, state, action, steps)


def _call_tools(segment: Segment, state: State, action: CallTools, steps: Sequence[StepRow]) -> bool:
    """Do what is due for some calls; False when the segment is over because they wait for a person.

    Raises:
        LimitPassed: a call took longer than it may.
    """
    calls = [_ToolStep(segment, state, step, of) for step, of in zip(steps, action.calls, strict=True)]
    watch = Watch(segment, state, "tool")
    owner = segment.lease.org_id, state.assistant.pack
    at_work = AtWork[_Allowed](owner, lambda ended: ended.of.step.keep_late(ended))
    # One that has only now been found to need an approval does not keep the other calls of the answer waiting.
    moved = any(of.step is None or of.step.status != _WAITING for of in action.calls)
    for call in calls:
        found = call.advance()
        moved = moved or found != _WAITING
        if isinstance(found, _Allowed):
            at_work.begin(found, found.act)
            # One that changes something is alone: whether the next one may is seen when it has ended.
            if found.checked.tool.risk != "read":
                break
    if not moved:
        return _rest(segment)
    _gather(segment, watch, at_work)
    return True


def _gather(segment: Segment, watch: Watch, at_work: "AtWork[_Allowed]") -> None:
    """Write down each result as it comes, until all are there or the run has to go on without them.

    The last one is the segment's `outcome`, which what comes next is written with.
    """
    failure: Exception | None = None
    while at_work.pending:
        ended = at_work.next(watch.must_stop)
        if ended is None:
            segment.left.update(of.step.id for of in at_work.pending if of.checked.tool.risk != "read")
            break
        try:
            ended.of.step.keep(ended, is_last=not at_work.pending)
        except Exception as error:  # noqa: BLE001 - raised once the others have been written down
            failure = error
    if failure is not None:
        raise failure
    if watch.passed is not None and at_work.pending:
        raise watch.passed


def _begin_step(segment: Segment, state: State, work: Work, of: CallTool) -> StepRow:
    name = of.call.name
    request = {"call": of.call.id, "arguments": of.call.arguments}
    title = dict(segment.parts.doorway.title_of(state.assistant, name))
    step = segment.parts.journal.begin_step(work, state.run, kind="tool", name=name, title=title, request=request)
    return segment.begun(step)


def _rest(segment: Segment) -> bool:
    """Leave the run until somebody has decided about a call."""
    with segment.writing() as (work, run):
        if run.status != _WAITING:
            stop_work(run, _WAITING, segment.now())
            asked = [step.approval_id for step in segment.steps(work, run) if step.status == _WAITING]
            segment.parts.journal.event(work, run, "run.waiting", {"approval_ids": asked})
        segment.parts.queue.done(work, segment.lease)
    return False


@dataclass(frozen=True, slots=True)
class _Allowed:
    """A call that may be made now."""

    step: "_ToolStep"
    checked: Checked
    approval: Approval | None

    def act(self) -> dict[str, Any]:
        return self.step.execute(self.checked)


class _ToolStep:
    """A call that has its step in the journal."""

    def __init__(self, segment: Segment, state: State, step: StepRow, of: CallTool) -> None:
        self._segment = segment
        self._parts = segment.parts
        self._state = state
        self._step = step
        self._attempt = step.attempt
        self._asked = asked_of(segment.parts, state, step, of.call.arguments)

    @property
    def id(self) -> str:
        """The id of the step."""
        return self._step.id

    def advance(self) -> _Allowed | str:
        """Refuse, ask or wait, as the rules and the approval say; a call that may be made is returned."""
        approval = self._approval()
        if approval is not None and approval.edited_by_name is not None:
            origins = {name: origin.source for name, origin in approval.origins.items()}
            self._asked = replace(self._asked, arguments=approval.arguments, origins=origins)
        try:
            checked = self._parts.doorway.check(self._asked)
        except ToolError as error:
            return self._end("failed", {"error": str(error)})
        if approval is not None and approval.status == _WAITING:
            return _WAITING
        if approval is not None and approval.status != "approved":
            return self._end_unapproved(checked, approval)
        if approval is not None and self._why_lapsed(approval, checked) is None:
            checked = self._parts.doorway.check(self._asked, approved=True)
        elif approval is not None and approval.edited_by_name is not None:
            # What was changed by who approved it is refused even where a rule would let it pass unasked.
            return self._refuse(checked, approval)
        return self._follow(checked, approval)

    def execute(self, checked: Checked) -> dict[str, Any]:
        """Make the call."""
        return self._parts.doorway.execute(checked)

    def keep(self, ended: Ended[_Allowed], *, is_last: bool) -> None:
        """Write down what came of the call."""
        status: StepStatus = "done" if ended.error is None else "failed"
        end = self._ending(status, ended.response, ended.of.checked, ended.of.approval)
        if is_last:
            self._segment.outcome = Outcome(end)
            return
        with self._segment.writing(progress=True) as (work, run):
            end(work, run)

    def keep_late(self, ended: Ended[_Allowed]) -> None:
        """Write down what came of the call after the run has gone on without it; whoever has the run by now."""
        parts, checked = self._parts, ended.of.checked
        status: StepStatus = "done" if ended.error is None else "failed"
        with parts.database.writing(self._segment.lease.org_id) as work:
            run = locked(work, self._state.run.id)
            step = step_of(work, self._step.id)
            is_open = step.status == "started"
            if step.attempt != self._attempt or not (is_open or step.response.get("took_effect") == "unknown"):
                return
            if status == "done":
                parts.journal.meter_call(work, run, step, f"tool:{checked.tool.risk}")
            self._record(work, checked, status, ended.of.approval)
            response = ended.response | _note(ended.of.approval)
            if is_open:
                parts.journal.end_step(work, run, step, status, response)
            else:
                took_effect = "yes" if status == "done" else "no"
                parts.journal.end_late(work, run, step, {**response, "took_effect": took_effect})

    def _follow(self, checked: Checked, approval: Approval | None) -> _Allowed | str:
        verb = checked.decision.verb
        if verb == "deny" or (verb == "ask" and approval is not None):
            return self._refuse(checked, approval)
        problem = checked.problem or self._beyond_limit(checked.tool)
        if problem is not None:
            return self._end("failed", {"error": problem}, checked)
        if verb == "ask":
            return self._request_approval(checked)
        if self._step.status == _WAITING:
            self._begin_approved(approval)
        return _Allowed(self, checked, approval)

    def _beyond_limit(self, tool: Tool) -> str | None:
        """Hold a call against the limit of effects here too: a model may ask for several calls at once."""
        tools = self._parts.doorway.tools_of(self._state.assistant)
        if self._asked.undoes or tool.risk == "read" or not has_had_its_effects(self._state, tools):
            return None
        return "This run has changed all that one run may change. Nothing more was changed; ask again for the rest."

    def _approval(self) -> Approval | None:
        if self._step.approval_id is None:
            return None
        with self._parts.database.reading(self._segment.lease.org_id) as work:
            return self._parts.approvals.of_step(work, self._step.id)

    def _why_lapsed(self, approval: Approval, checked: Checked) -> str | None:
        with self._parts.database.reading(self._segment.lease.org_id) as work:
            return self._parts.approvals.why_lapsed(work, approval, checked)

    def _refuse(self, checked: Checked, approval: Approval | None) -> str:
        """Refuse a call. Where it was approved, why that holds no more comes before the rules that ask."""
        decision = checked.decision
        why = None if approval is None or decision.verb == "deny" else self._why_lapsed(approval, checked)
        if why is not None:
            asked = decision.rules if decision.verb == "ask" else ()
            checked = replace(checked, decision=Decision(verb="deny", rules=(_VOID[why], *asked)))
        told = " ".join(f"{rule.reason['en']} [{rule.id}]" for rule in checked.decision.rules)
        return self._end("refused", {"error": f"Refused: {told}"}, checked, approval)

    def _end_unapproved(self, checked: Checked, approval: Approval) -> str:
        if approval.status == "denied":
            by = ", ".join(approval.deciders_as("{name} for {owner}"))
            told = f"{by} denied this: “{approval.reason}” Nothing was changed."
            return self._end("denied", {"error": told}, checked, approval)
        return self._end("expired", {"error": "Nobody approved this in time. Nothing was changed."}, checked, approval)

    def _end(
        self,
        status: StepStatus,
        response: dict[str, Any],
        checked: Checked | None = None,
        approval: Approval | None = None,
    ) -> str:
        end = self._ending(status, response, checked, approval)
        with self._segment.writing(progress=True) as (work, run):
            end(work, run)
        return status

    def _ending(
        self, status: StepStatus, response: dict[str, Any], checked: Checked | None, approval: Approval | None
    ) -> Callable[[Work, RunRow], None]:
        """Return what writes how the step ended."""
        journal = self._parts.journal

        def end(work: Work, run: RunRow) -> None:
            step = self._segment.step(work, run, self._step.id)
            if step.status == _WAITING:
                self._wake_up(work, run, step)
            if checked is not None:
                step.rules = _plain(checked.decision.rules) if status == "refused" else []
                if status == "done":
                    journal.meter_call(work, run, step, f"tool:{checked.tool.risk}")
                self._record(work, checked, status, approval)
            journal.end_step(work, run, step, status, response | _note(approval))

        return end

    def _request_approval(self, checked: Checked) -> str:
        parts = self._parts
        try:
            changes = parts.doorway.preview(checked)
        except ToolError as error:
            # What can't be shown can't be done either: nobody is asked about it, and the model reads why.
            return self._end("failed", {"error": str(error)}, checked)
        with self._segment.writing() as (work, run):
            step = self._segment.step(work, run, self._step.id)
            case = Case(
                run_id=run.id,
                step_id=step.id,
                message=run.message,
                changes=changes,
                origins=origins_of(self._state, parts.doorway.tools_of(self._state.assistant), self._asked.arguments),
                cost=Money(micro=run.cost_micro, currency=run.currency),
                estimate=estimate(parts, work, self._state, f"tool:{checked.tool.risk}"),
            )
            approval = parts.approvals.request(work, checked, case)
            step.status, step.approval_id = _WAITING, approval.id
            step.rules = _plain(checked.decision.rules)
            parts.journal.event(work, run, "approval.requested", {"approval": approval, "step": step_data(step)})
            self._record(work, checked, "ask", approval)
        return _WAITING

    def _begin_approved(self, approval: Approval | None) -> None:
        """Write that the call begins: from here on only its end can follow, whatever is asked meanwhile.

        Where somebody changed its arguments, the journal keeps both.
        """
        with self._segment.writing() as (work, run):
            step = self._segment.step(work, run, self._step.id)
            self._wake_up(work, run, step)
            step.status = "started"
            if approval is not None and approval.edited_by_name is not None:
                step.request = {**step.request, "arguments": approval.arguments, "asked": approval.asked_arguments}

    def _wake_up(self, work: Work, run: RunRow, step: StepRow) -> None:
        """Write that the wait is over, and how it ended."""
        approval = self._parts.approvals.of_step(work, step.id)
        if approval is not None:
            fields = {"status", "decided_by_name", "decided_for_name", "reason", "votes"}
            fields |= {"edited_by_name", "arguments", "asked_arguments", "changes"}
            data = {"approval_id": approval.id, **approval.model_dump(mode="json", include=fields)}
            self._parts.journal.event(work, run, "approval.decided", data)
        if run.status == _WAITING:
            start_work(run, self._segment.now())
            self._parts.journal.event(work, run, "run.resumed", {"after": "approval"})

    def _record(self, work: Work, checked: Checked, outcome: str, approval: Approval | None) -> None:
        decision = {"done": "allow", "failed": "allow", "ask": "ask"}.get(outcome, "deny")
        entry = Entry(
            action=f"{self._state.assistant.pack}::{checked.tool.name}",
            resource=self._state.assistant.slug,
            decision=decision,
            rules=[rule.id for rule in checked.decision.rules],
            run_id=self._state.run.id,
            step_id=self._step.id,
            detail={
                "outcome": outcome,
                "key": self._asked.key,
                "arguments": {} if checked.tool.risk == "read" else dict(self._asked.arguments),
                "arguments_hash": checked.arguments_hash,
                "approval": approval.id if approval else "",
            },
        )
        if approval is None or outcome == "ask":
            self._parts.recorder.record(work, checked)
        who = self._state.who
        actor = f"assistant:{self._state.assistant.slug}"
        self._parts.audit.append(work, who.org_id, actor=actor, on_behalf_of=who.person_id, entry=entry)


def asked_of(parts: Parts, state: State, step: StepRow, arguments: Mapping[str, object]) -> Asked:
    """Return the call of a step as the doorway takes it; its key is the same whenever the step is done again."""
    origins = origins_of(state, parts.doorway.tools_of(state.assistant), arguments)
    return Asked(
        who=state.who,
        assistant=state.assistant,
        name=step.name,
        arguments=arguments,
        key=undo_key(step.request["call"]) if state.run.undoes else f"{state.run.id}:{step.id}",
        now=parts.database.clock.now(),
        undoes=state.run.undoes is not None,
        origins={name: origin.source for name, origin in origins.items()},
    )


def _note(approval: Approval | None) -> dict[str, str]:
    """Return what the model is told of arguments that are not those it wrote."""
    if approval is None or approval.edited_by_name is None:
        return {}
    arguments = json.dumps(approval.arguments, ensure_ascii=False)
    return {"note": f"{approval.edited_by_name} changed the arguments before approving. The call was: {arguments}"}


def _plain(rules: tuple[Rule, ...]) -> list[dict[str, Any]]:
    return [rule.model_dump() for rule in rules]
