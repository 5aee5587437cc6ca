"""Asking for an undo: what it would do, and the run that does it."""

from jindou.agents.approvals import RUN_TASK
from jindou.agents.assistants import Assistant
from jindou.agents.runs.beginning import new_run
from jindou.agents.runs.queries import as_run, steps_of, undos_of
from jindou.agents.runs.segment import FINAL, Parts
from jindou.agents.runs.tables import RunRow
from jindou.agents.runs.types import Run, UndoItem, UndoPlan
from jindou.agents.runs.undo import Effect, effects_of, undo_key, undone_steps
from jindou.agents.tools import Asked, Localized, ToolError
from jindou.db import Work
from jindou.errors import Conflict
from jindou.identity.principals import Principal

__all__ = ["NothingToUndo", "Undoing"]

_MESSAGES = {"en": "Undo: {message}", "zh": "撤销：{message}"}


class NothingToUndo(Conflict):
    """The run has no effect that can be put back."""

    code = "nothing_to_undo"


class Undoing:
    """Plans and begins undos; the journal keeps which effects have been put back."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def plan(self, work: Work, who: Principal, run: RunRow) -> UndoPlan:
        """Return what undoing a run would do now, on behalf of `who`."""
        assistant = self._parts.assistants.get(run.assistant)
        effects = [] if run.undoes else effects_of(self._parts.doorway, assistant, steps_of(work, run.id))
        undone = undone_steps(work, run.id)
        items = [self._item(work, who, assistant, effect, undone) for effect in effects]
        return UndoPlan(run_id=run.id, items=sorted(items, key=lambda item: item.outcome != "cannot"))

    def start(self, work: Work, who: Principal, run: RunRow) -> Run:
        """Begin to undo a run that is locked; where that is under way, or all has been done, return the run for that.

        Raises:
            Conflict: the run is not over.
            NothingToUndo: it has changed nothing that can be put back.
        """
        if run.status not in FINAL:
            raise Conflict(f"{run.id} is not over; wait for it or cancel it, then undo it.")
        # Whoever asks at the same time waits for the lock on the run, and then finds this undo.
        earlier = next(iter(undos_of(work, run.id)), None)
        if earlier is not None and earlier.status not in FINAL:
            return as_run(earlier)
        if not self.plan(work, who, run).does_something:
            if earlier is None:
                raise NothingToUndo(f"{run.id} has changed nothing that can be put back.")
            return as_run(earlier)
        return self._begin(work, who, run)

    def _begin(self, work: Work, who: Principal, run: RunRow) -> Run:
        message = _MESSAGES.get(who.language, _MESSAGES["en"]).format(message=run.message)
        assistant = self._parts.assistants.get(run.assistant)
        of = {"conversation_id": run.conversation_id, "undoes": run.id}
        row = new_run(work, who, assistant, message, self._parts.journal.currency, **of)
        self._parts.journal.event(work, row, "run.started", {"message": row.message, "assistant": row.assistant})
        self._parts.queue.enqueue(work, RUN_TASK, row.id, row.org_id, person_id=row.person_id)
        return as_run(row)

    def _item(self, work: Work, who: Principal, assistant: Assistant, effect: Effect, undone: set[str]) -> UndoItem:
        step = effect.step
        item = UndoItem(
            step_id=step.id,
            n=step.n,
            tool=step.name,
            title=step.title,
            arguments=step.request["arguments"],
            outcome="undone",
        )
        if step.id in undone:
            return item
        if effect.arguments is None:
            return item.model_copy(update={"outcome": "cannot", "reason": dict(effect.reason or {})})
        key, doorway = undo_key(step.id), self._parts.doorway
        origins = dict.fromkeys(effect.arguments, "record")
        asked = Asked(who, assistant, effect.tool, effect.arguments, key, work.now(), undoes=True, origins=origins)
        try:
            checked = doorway.check(asked)
            changes = doorway.preview(checked)
        except ToolError as error:
            return item.model_copy(update={"outcome": "cannot", "reason": _both(str(error))})
        if checked.decision.verb == "deny":
            reasons = [rule.reason for rule in checked.decision.rules]
            told = {language: " ".join(reason[language] for reason in reasons) for language in ("en", "zh")}
            return item.model_copy(update={"outcome": "cannot", "reason": told})
        if checked.problem is not None:
            return item.model_copy(update={"outcome": "cannot", "reason": _both(checked.problem)})
        return item.model_copy(
            update={"outcome": "can" if checked.decision.verb == "allow" else "asks", "changes": changes}
        )


def _both(told: str) -> Localized:
    return {"en": told, "zh": told}
