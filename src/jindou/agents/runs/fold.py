"""What a run does next, as a pure function of its journal. Any process can go on from here, at any time."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from jindou.agents.runs.limits import LimitPassed
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.types import RunStatus

__all__ = [
    "OPEN",
    "Action",
    "AskModel",
    "CallTool",
    "CallTools",
    "Compact",
    "Finish",
    "Journalled",
    "Pause",
    "ToolCallAsked",
    "calls_of",
    "counting",
    "next_action",
]

Journalled = tuple[RunRow, Sequence[StepRow]]
"""A run with its steps."""

OPEN = frozenset({"started", "interrupted"})
"""A step that was begun and is to be done again."""


@dataclass(frozen=True, slots=True)
class ToolCallAsked:
    """A call that the model asked for; `id` is unique in the run."""

    id: str
    name: str
    arguments: dict[str, object]


@dataclass(frozen=True, slots=True)
class AskModel:
    """Ask the model; `step` is the one that was begun and never ended, if there is one."""

    step: StepRow | None


@dataclass(frozen=True, slots=True)
class CallTool:
    """Make a call; `step` is the one that was begun, or waits, if there is one."""

    call: ToolCallAsked
    step: StepRow | None


@dataclass(frozen=True, slots=True)
class CallTools:
    """Make these calls, in any order: either they all only read, or it is one alone, or they all wait for a person."""

    calls: tuple[CallTool, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """Rest until the person resumes the run."""


@dataclass(frozen=True, slots=True)
class Compact:
    """Go on with putting the past into notes, in the step that was begun and never ended."""

    step: StepRow


@dataclass(frozen=True, slots=True)
class Finish:
    """End the run."""

    status: RunStatus
    answer: str | None = None
    error: str | None = None
    rules: tuple[dict[str, Any], ...] = ()

    @classmethod
    def at(cls, limit: LimitPassed) -> "Finish":
        """End the run because it has reached a limit."""
        return cls("failed", error=limit.error, rules=(limit.rule,))


Action = AskModel | CallTools | Compact | Pause | Finish


def next_action(
    run: RunRow, steps: Sequence[StepRow], room: int, limit: LimitPassed | None, effects: Collection[str] = frozenset()
) -> Action:
    """Return the one thing to do next.

    `room` is how many further steps fit, `limit` what the run has reached, if it has; `effects` are the tools that
    change something.
    """
    steps = counting(steps)
    if run.cancel_requested:
        return Finish("cancelled")
    is_calling = any(step.kind == "tool" and step.status == "started" for step in steps)
    if run.pause_requested and not is_calling:
        return Pause()
    asking = next((step for step in steps if step.kind in {"model", "compaction"} and step.status in OPEN), None)
    if asking is not None:
        return AskModel(asking) if asking.kind == "model" else Compact(asking)
    last = next((step for step in reversed(steps) if step.kind == "model"), None)
    due = _due(last, steps, effects) if last is not None else None
    if isinstance(due, Finish) or (due and due[0].step is not None):
        return due if isinstance(due, Finish) else CallTools(due)
    if limit is not None:
        return Finish.at(limit)
    return CallTools(due[:room]) if due else AskModel(None)


def counting(steps: Iterable[StepRow]) -> list[StepRow]:
    """Return the steps without those that were superseded when an earlier one was retried."""
    return [step for step in steps if step.status != "superseded"]


def _due(last: StepRow, steps: Sequence[StepRow], effects: Collection[str]) -> tuple[CallTool, ...] | Finish:
    """Return the calls of the model's last answer that can be made now, and how the run ends if that was the end."""
    calls = calls_of(last)
    if not calls:
        is_told_more = any(step.kind == "message" and step.n > last.n for step in steps)
        tools = [step for step in steps if step.kind == "tool"]
        return () if is_told_more else _finish(str(last.response.get("text") or ""), tools, effects)
    made = {step.request["call"]: step for step in steps if step.kind == "tool"}
    known = [CallTool(call, made.get(call.id)) for call in calls]
    for of in known:
        if of.step is not None and of.step.status == "refused":
            # A rule's no is told to the person in the rule's own words, not in a model's.
            return Finish("refused", rules=tuple(of.step.rules))
    begun = [of for of in known if of.step is not None and of.step.status == "started"]
    fresh = [of for of in known if of.step is None]
    waiting = [of for of in known if of.step is not None and of.step.status == "waiting"]
    return _together(begun, effects) or _together(fresh, effects) or tuple(waiting)


def _together(calls: Sequence[CallTool], effects: Collection[str]) -> tuple[CallTool, ...]:
    """Return the first calls that may go on at the same time: reads; one that changes something is made alone."""
    return tuple(takewhile(lambda of: of.call.name not in effects, calls)) or tuple(calls[:1])


def _finish(answer: str, calls: Sequence[StepRow], effects: Collection[str]) -> Finish:
    failed = [step for step in calls if step.name in effects and step.status == "failed"]
    if failed and not any(step.name in effects and step.status == "done" for step in calls):
        # That nothing was changed, and why, is told in the tool's words: a small model may say that it was.
        return Finish("failed", error=str(failed[-1].response.get("error") or "no_answer"))
    if answer:
        return Finish("done", answer=answer)
    # A model that did its work and then found no words has not failed: who reads "failed" does it again.
    worked = any(step.status == "done" for step in calls)
    return Finish("done") if worked else Finish("failed", error="no_answer")


def calls_of(step: StepRow) -> list[ToolCallAsked]:
    """Return the calls that a finished model step asked for."""
    return [ToolCallAsked(**call) for call in step.response.get("calls", [])]
