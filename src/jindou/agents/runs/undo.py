"""Undoing a run: each effect that can be put back is, the last one first. What is next is a fold, as of any run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from jindou.agents.assistants import Assistant
from jindou.agents.runs.fold import Action, CallTool, CallTools, Finish, Pause, ToolCallAsked, counting
from jindou.agents.runs.queries import steps_of
from jindou.agents.runs.segment import State
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.tools import Doorway, Localized, ToolError, Undo
from jindou.db import Work

__all__ = ["Effect", "effects_of", "load_undo", "next_undo", "undo_key", "undone_steps"]

_UNKNOWN: Localized = {
    "en": "Nobody knows whether this took effect: look, and put it back by hand.",
    "zh": "无法确定此操作是否生效：请核实并手动处理。",
}
_TEXTS: Mapping[str, Mapping[str, str]] = {
    "done": {"en": "Put back: {names}.", "zh": "已撤销：{names}。"},
    "left": {"en": "Not put back: {names}.", "zh": "未能撤销：{names}。"},
    "and": {"en": ", ", "zh": "、"},
    "why": {"en": "{name} ({why})", "zh": "{name}（{why}）"},
}


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a run changed: how it is put back, or `reason`, why it can't be."""

    step: StepRow
    tool: str = ""
    arguments: Mapping[str, object] | None = None
    reason: Localized | None = None


def undo_key(step_id: str) -> str:
    """Return the key of the effect that puts back a step's, however often that is asked for."""
    return f"undo:{step_id}"


def effects_of(doorway: Doorway, assistant: Assistant, steps: Sequence[StepRow]) -> list[Effect]:
    """Return what a run changed or may have changed, the last first."""
    # What a branch took over is an effect of the run that it came from.
    calls = [step for step in reversed(steps) if step.kind == "tool" and step.copied_from is None]
    return list(_effects(doorway, assistant, [step for step in calls if not doorway.only_reads(assistant, step.name)]))


def _effects(doorway: Doorway, assistant: Assistant, calls: Sequence[StepRow]) -> Iterator[Effect]:
    for step in calls:
        if step.response.get("took_effect") == "unknown":
            yield Effect(step, reason=_UNKNOWN)
        # One that the run did not wait for, or that a retry superseded, has its result all the same.
        if "result" not in step.response:
            continue
        undo = doorway.undo_of(assistant, step.name)
        if not isinstance(undo, Undo):
            yield Effect(step, reason=undo)
            continue
        try:
            yield Effect(step, undo.tool, undo.arguments(step.request["arguments"], step.response["result"]))
        except ToolError as error:
            yield Effect(step, reason={"en": str(error), "zh": str(error)})


def undone_steps(work: Work, run_id: str, before: str | None = None) -> set[str]:
    """Return the steps of a run that have been put back, by undos older than run `before`."""
    undos = select(RunRow.id).where(RunRow.undoes == run_id)
    if before is not None:
        undos = undos.where(RunRow.id < before)
    done = select(StepRow).where(StepRow.run_id.in_(undos), StepRow.kind == "tool", StepRow.status == "done")
    return {str(step.request["call"]) for step in work.session.scalars(done).all()}


def load_undo(doorway: Doorway, work: Work, state: State) -> list[Effect]:
    """Read what an undo has to put back, from the journal of the run that it undoes."""
    undoes = state.run.undoes or ""
    effects = effects_of(doorway, state.assistant, steps_of(work, undoes))
    undone = undone_steps(work, undoes, before=state.run.id)
    return [effect for effect in effects if effect.step.id not in undone]


def next_undo(state: State, effects: Sequence[Effect]) -> Action:
    """Return the one thing that an undo does next. One that fails or is refused does not keep it from the others."""
    of_effect = {step.request["call"]: step for step in counting(state.steps)}
    if state.run.cancel_requested:
        return Finish("cancelled")
    if state.run.pause_requested and not any(step.status == "started" for step in state.steps):
        return Pause()
    for effect in effects:
        step = of_effect.get(effect.step.id)
        if effect.arguments is not None and (step is None or step.status in {"started", "waiting"}):
            return CallTools((CallTool(ToolCallAsked(effect.step.id, effect.tool, dict(effect.arguments)), step),))
    return _finish(effects, of_effect, state.who.language)


def _finish(effects: Sequence[Effect], of_effect: Mapping[str, StepRow], language: str) -> Finish:
    say = {name: texts.get(language, texts["en"]) for name, texts in _TEXTS.items()}
    done: list[str] = []
    left: list[str] = []
    failed = False
    for effect in effects:
        name = _in(effect.step.title, language)
        step = of_effect.get(effect.step.id)
        if step is not None and step.status == "done":
            done.append(name)
            continue
        failed = failed or step is not None
        why = _in(effect.reason or {}, language) if step is None else str(step.response.get("error") or step.status)
        left.append(say["why"].format(name=name, why=why.rstrip(".。")))
    told = [say[key].format(names=say["and"].join(names)) for key, names in (("done", done), ("left", left)) if names]
    return Finish("failed", error=" ".join(told)) if failed else Finish("done", answer=" ".join(told))


def _in(text: Localized, language: str) -> str:
    return text.get(language) or text.get("en", "")
