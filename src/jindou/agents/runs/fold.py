"""What a run does next, as a pure function of its journal. Any process can go on from here, at any time."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.types import RunStatus

__all__ = ["Action", "AskModel", "CallTool", "Finish", "Journalled", "ToolCallAsked", "messages_of", "next_action"]

Journalled = tuple[RunRow, Sequence[StepRow]]
"""A run with its steps."""


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
class Finish:
    """End the run."""

    status: RunStatus
    answer: str | None = None
    error: str | None = None
    rules: tuple[dict[str, Any], ...] = ()


Action = AskModel | CallTool | Finish


def next_action(
    run: RunRow, steps: Sequence[StepRow], max_steps: int, effects: Collection[str] = frozenset()
) -> Action:
    """Return the one thing to do next; `effects` are the tools that change something."""
    begun = next((step for step in steps if step.kind == "tool" and step.status == "started"), None)
    if run.cancel_requested and begun is None:
        return Finish("cancelled")
    last = next((step for step in reversed(steps) if step.kind == "model"), None)
    if last is None or last.status == "started":
        return AskModel(last)
    calls = calls_of(last)
    if not calls:
        return _finish(str(last.response.get("text") or ""), [s for s in steps if s.kind == "tool"], effects)
    due = _due_call(calls, steps)
    if isinstance(due, Finish) or (due is not None and due.step is not None):
        return due
    if len(steps) >= max_steps:
        return Finish("failed", error="steps_exhausted")
    return due or AskModel(None)


def _due_call(calls: Sequence[ToolCallAsked], steps: Sequence[StepRow]) -> CallTool | Finish | None:
    """Return the first call that has not ended; a refused one ends the run."""
    for call in calls:
        step = next((s for s in steps if s.kind == "tool" and s.request["call"] == call.id), None)
        if step is None or step.status in {"started", "waiting"}:
            return CallTool(call, step)
        if step.status == "refused":
            # A rule's no is told to the person in the rule's own words, not in a model's.
            return Finish("refused", rules=tuple(step.rules))
    return None


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


def messages_of(instructions: str, journals: Sequence[Journalled]) -> list[dict[str, object]]:
    """Return a conversation as the model should see it, in the form of OpenAI's chat completions.

    The last of `journals` is the run at work. Earlier ones are told with their calls: a model that only saw answers
    would learn from them to answer, and claim what it has not done.
    """
    messages: list[dict[str, object]] = [{"role": "system", "content": instructions}]
    for run, steps in journals:
        messages.append({"role": "user", "content": run.message})
        # An undo has calls that no model asked for; its answer says what came of them.
        ended = [] if run.undoes else [step for step in steps if step.status != "started"]
        messages.extend(_model_message(step) if step.kind == "model" else _tool_message(step) for step in ended)
        if run.finished_at is not None and (run.undoes or not run.answer):
            messages.append({"role": "assistant", "content": _outcome(run)})
    return messages


def _outcome(run: RunRow) -> str:
    refused = " ".join(rule["reason"]["en"] for rule in run.rules)
    told = run.answer or run.error if run.undoes else refused
    return told or f"({run.status})"


def _model_message(step: StepRow) -> dict[str, object]:
    message: dict[str, object] = {"role": "assistant", "content": str(step.response.get("text") or "")}
    calls = calls_of(step)
    if calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for call in calls
        ]
    return message


def _tool_message(step: StepRow) -> dict[str, object]:
    # What a person changed before approving is told beside the result.
    content = step.response if "note" in step.response else step.response.get("result", step.response)
    return {
        "role": "tool",
        "tool_call_id": step.request["call"],
        "content": json.dumps(content, ensure_ascii=False),
    }
