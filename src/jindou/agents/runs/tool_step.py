"""One tool call of a run: through the doorway, with its approval, journalled before and after."""

import json
from dataclasses import replace
from typing import Any

from jindou.agents.approvals import Approval, Case
from jindou.agents.runs.estimate import estimate
from jindou.agents.runs.fold import CallTool
from jindou.agents.runs.origins import origins_of
from jindou.agents.runs.queries import as_step
from jindou.agents.runs.segment import Parts, State, has_had_its_effects
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.types import StepStatus
from jindou.agents.runs.undo import undo_key
from jindou.agents.tools import Asked, Checked, Tool, ToolError
from jindou.billing.pricing import Money
from jindou.db import Work
from jindou.durable.queue import Lease
from jindou.identity.audit import Entry
from jindou.identity.policy import Decision, Rule

__all__ = ["call_tool"]

_WAITING = "waiting"
_VOID = Rule(
    id="jindou.approval-void",
    reason={
        "en": "The approval does not hold any more: the facts, or the rights of who gave it, have changed.",
        "zh": "该审批已失效：相关事实或审批人的权限发生了变化。",
    },
)


def call_tool(parts: Parts, lease: Lease, state: State, action: CallTool) -> bool:
    """Do what is due for a call; False when the segment is over because the call waits for a person."""
    step = action.step or _begin(parts, lease, state, action)
    return _ToolStep(parts, lease, state, step, action).advance()


def _begin(parts: Parts, lease: Lease, state: State, action: CallTool) -> StepRow:
    name = action.call.name
    request = {"call": action.call.id, "arguments": action.call.arguments}
    with parts.database.writing(lease.org_id) as work:
        parts.queue.hold(work, lease)
        run = work.session.get_one(RunRow, lease.subject)
        title = dict(parts.doorway.title_of(state.assistant, name))
        return parts.journal.begin_step(work, run, kind="tool", name=name, title=title, request=request)


class _ToolStep:
    """A call that has its step in the journal."""

    def __init__(self, parts: Parts, lease: Lease, state: State, step: StepRow, action: CallTool) -> None:
        self._parts = parts
        self._lease = lease
        self._state = state
        self._step = step
        self._asked = Asked(
            who=state.who,
            assistant=state.assistant,
            name=action.call.name,
            arguments=action.call.arguments,
            key=undo_key(action.call.id) if state.run.undoes else f"{state.run.id}:{step.id}",
            now=parts.database.clock.now(),
            undoes=state.run.undoes is not None,
        )

    def advance(self) -> bool:
        """Refuse, ask, wait or execute, as the rules and the approval say."""
        approval = self._approval()
        if approval is not None and approval.edited_by_name is not None:
            self._asked = replace(self._asked, arguments=approval.arguments)
        try:
            checked = self._parts.doorway.check(self._asked)
        except ToolError as error:
            return self._end("failed", {"error": str(error)})
        stands = approval is not None and self._stands(approval, checked)
        if approval is not None and approval.status == _WAITING:
            return self._pause()
        if approval is not None and approval.status != "approved":
            return self._end_unapproved(checked, approval)
        if stands:
            checked = self._parts.doorway.check(self._asked, approved=True)
        elif approval is not None and approval.edited_by_name is not None:
            # What was changed by who approved it is refused even where a rule would let it pass unasked.
            return self._refuse(checked, approval)
        return self._follow(checked, approval)

    def _follow(self, checked: Checked, approval: Approval | None) -> bool:
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
        return self._execute(checked, approval)

    def _beyond_limit(self, tool: Tool) -> str | None:
        """Hold a call against the limit of effects here too: a model may ask for several calls at once."""
        tools = self._parts.doorway.tools_of(self._state.assistant)
        if self._asked.undoes or tool.risk == "read" or not has_had_its_effects(self._state, tools):
            return None
        return "This run has changed all that one run may change. Nothing more was changed; ask again for the rest."

    def _approval(self) -> Approval | None:
        with self._parts.database.reading(self._lease.org_id) as work:
            return self._parts.approvals.of_step(work, self._step.id)

    def _stands(self, approval: Approval, checked: Checked) -> bool:
        with self._parts.database.reading(self._lease.org_id) as work:
            return self._parts.approvals.still_stands(work, approval, checked)

    def _execute(self, checked: Checked, approval: Approval | None) -> bool:
        try:
            response: dict[str, Any] = {"result": self._parts.doorway.execute(checked)}
        except ToolError as error:
            return self._end("failed", {"error": str(error)}, checked, approval)
        return self._end("done", response, checked, approval)

    def _refuse(self, checked: Checked, approval: Approval | None) -> bool:
        if checked.decision.verb == "allow":
            checked = replace(checked, decision=Decision(verb="deny", rules=(_VOID,)))
        told = " ".join(f"{rule.reason['en']} [{rule.id}]" for rule in checked.decision.rules)
        return self._end("refused", {"error": f"Refused: {told}"}, checked, approval)

    def _end_unapproved(self, checked: Checked, approval: Approval) -> bool:
        if approval.status == "denied":
            told = f"{approval.decided_by_name} denied this: {approval.reason} Nothing was changed."
            return self._end("denied", {"error": told}, checked, approval)
        return self._end("expired", {"error": "Nobody approved this in time. Nothing was changed."}, checked, approval)

    def _end(
        self,
        status: StepStatus,
        response: dict[str, Any],
        checked: Checked | None = None,
        approval: Approval | None = None,
    ) -> bool:
        parts = self._parts
        with parts.database.writing(self._lease.org_id) as work:
            parts.queue.hold(work, self._lease, progress=True)
            run, step = self._rows(work)
            if step.status == _WAITING:
                self._wake_up(work, run, step)
            if checked is not None:
                step.rules = _plain(checked.decision.rules) if status == "refused" else []
                if status == "done":
                    parts.journal.meter_call(work, run, step, f"tool:{checked.tool.risk}")
                self._record(work, checked, status, approval)
            parts.journal.end_step(work, run, step, status, response | _note(approval))
        return True

    def _request_approval(self, checked: Checked) -> bool:
        parts = self._parts
        changes = parts.doorway.preview(checked)
        with parts.database.writing(self._lease.org_id) as work:
            run, step = self._rows(work)
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
            run.status = _WAITING
            parts.journal.event(work, run, "approval.requested", {"approval": approval, "step": as_step(step)})
            parts.journal.event(work, run, "run.waiting", {"approval_id": approval.id})
            self._record(work, checked, "ask", approval)
            parts.queue.done(work, self._lease)
        return False

    def _begin_approved(self, approval: Approval | None) -> None:
        """Write that the call begins: from here on only its end can follow, whatever is asked meanwhile.

        Where somebody changed its arguments, the journal keeps both.
        """
        parts = self._parts
        with parts.database.writing(self._lease.org_id) as work:
            parts.queue.hold(work, self._lease)
            run, step = self._rows(work)
            self._wake_up(work, run, step)
            step.status = "started"
            if approval is not None and approval.edited_by_name is not None:
                step.request = {**step.request, "arguments": approval.arguments, "asked": approval.asked_arguments}

    def _pause(self) -> bool:
        with self._parts.database.writing(self._lease.org_id) as work:
            self._parts.queue.done(work, self._lease)
        return False

    def _wake_up(self, work: Work, run: RunRow, step: StepRow) -> None:
        """Write that the wait is over, and how it ended."""
        approval = self._parts.approvals.of_step(work, step.id)
        if approval is not None:
            fields = {"status", "decided_by_name", "reason", "votes", "edited_by_name", "arguments", "asked_arguments"}
            data = {"approval_id": approval.id, **approval.model_dump(mode="json", include=fields)}
            self._parts.journal.event(work, run, "approval.decided", data)
        run.status = "running"
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
        who = self._state.who
        actor = f"assistant:{self._state.assistant.slug}"
        self._parts.audit.append(work, who.org_id, actor=actor, on_behalf_of=who.person_id, entry=entry)

    def _rows(self, work: Work) -> tuple[RunRow, StepRow]:
        run = work.session.get_one(RunRow, self._lease.subject)
        return run, work.session.get_one(StepRow, self._step.id)


def _note(approval: Approval | None) -> dict[str, str]:
    """Return what the model is told of arguments that are not those it wrote."""
    if approval is None or approval.edited_by_name is None:
        return {}
    arguments = json.dumps(approval.arguments, ensure_ascii=False)
    return {"note": f"{approval.edited_by_name} changed the arguments before approving. The call was: {arguments}"}


def _plain(rules: tuple[Rule, ...]) -> list[dict[str, Any]]:
    return [rule.model_dump() for rule in rules]
