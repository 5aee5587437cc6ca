"""A run as it happens: its steps on stderr, its answer on stdout."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import typer

from jindou.errors import Cancelled, Forbidden
from jindou.surfaces.cli.show import console, moment, one_line, printable, span
from jindou.surfaces.cli.texts import Words
from jindou.surfaces.problems import PROBLEMS
from jindou_client.types import Approval, Change, Now, Rule, Run, RunEvent, RunStatus, Step

__all__ = ["EXIT_CODES", "Watcher", "diff"]

EXIT_CODES: Mapping[RunStatus, int] = {
    "done": 0,
    "failed": 1,
    "refused": PROBLEMS[Forbidden].exit_code,
    "cancelled": PROBLEMS[Cancelled].exit_code,
    "waiting": 20,
    "paused": 20,
}
"""What a command ends with, by how the run it watched stood at last."""

_MARKS = {"done": ("✓", "green"), "waiting": ("⏸", "yellow"), "paused": ("⏸", "yellow"), "interrupted": ("⏸", "yellow")}
_CLEAR_LINE = "\r\x1b[2K"


class Watcher:
    """Shows the events of one run to a person.

    `how_to_decide` gives the commands by which somebody decides an approval. The answer is written to a terminal as
    it is made; into a pipe it goes once, when it is known. Without `stderr`, all goes to stdout.
    """

    def __init__(self, words: Words, how_to_decide: Callable[[str], Sequence[str]], *, stderr: bool = True) -> None:
        self._words = words
        self._how_to_decide = how_to_decide
        self._steps = console(stderr=stderr)
        self._live = sys.stdout.isatty()
        self._pending = False
        self._text = ""
        self._text_of: object = None
        self._shown: dict[object, list[Change]] = {}

    def follow(self, events: Iterable[RunEvent], *, wait: bool) -> RunStatus:
        """Show events up to the end of the run, or without `wait` to where it waits; return how it stands there."""
        tell: Mapping[str, Callable[[RunEvent], None]] = {
            "step.started": self._step_started,
            "step.finished": self._step_finished,
            "text.delta": self._text_delta,
            "approval.requested": self._approval_requested,
            "approval.decided": self._approval_decided,
            "run.notice": self._notice,
            "run.control": self._control,
            "step.late": self._step_finished,
        }
        for event in events:
            if event.type in tell:
                tell[event.type](event)
            if event.type == "run.waiting" and not wait:
                return "waiting"
            if event.type == "run.paused" and not wait:
                return "paused"
            if event.run is not None:
                self.finished(event.run)
                return event.run.status
        return "waiting"

    def finished(self, run: Run) -> None:
        """Show how a run ended."""
        self._end_text()
        if run.answer and run.answer != self._text:
            typer.echo(printable(run.answer))
        if run.status == "done" and not run.answer:
            self.line(self._words("run.no_words"))
        if run.error:
            self.line(self._words.known(f"failure.{run.error}", run.error), style="red")
        took = span(run.created_at, run.finished_at, self._words) if run.finished_at else "–"
        mark, style = _MARKS.get(run.status, ("✗", "red"))
        status = self._words(f"status.{run.status}")
        self.line(f"{mark} {self._words('run.total', status=status, cost=run.cost, time=took)}", style=style)

    def step(self, step: Step) -> None:
        """Show a step and what came of it."""
        self._end_text()
        if step.kind == "message":
            self.line(self._words("run.told", name=step.by, message=step.text), style="bold")
            return
        mark, style = _MARKS.get(step.status, ("✗", "red"))
        parts = [self._words.of(step.title) or step.name]
        if step.attempt > 1:
            parts.append(self._words("attempt", n=step.attempt))
        if step.status != "done":
            parts.append(self._words(f"status.{step.status}"))
        if step.finished_at:
            parts += [span(step.started_at, step.finished_at, self._words), str(step.cost)]
        self.line(f"{mark} {' · '.join(parts)}", style=style)
        if step.arguments:
            self.line("    " + ", ".join(f"{name}={value}" for name, value in step.arguments.items()), style="dim")
        if step.status == "refused":
            self.rules(step.rules)
        elif step.error:
            self.line(f"    {step.error}", style="red")
        if step.took_effect is not None:
            self.line("    " + self._words(f"took_effect.{step.took_effect}"))

    def approval(self, approval: Approval) -> None:
        """Show what a call would change, why it waits, and how it is decided."""
        self._shown[approval.id] = approval.changes
        self._changes(approval.changes)
        if approval.now is not None:
            self._now(approval.now)
        self.rules(approval.rules)
        self._origins(approval)
        if approval.edited_by_name and approval.status == "waiting":
            self._edited(approval.edited_by_name, approval.asked_arguments)
        self.line("    " + self._words("approval.cost", cost=approval.cost))
        if approval.status == "waiting":
            self.line("    " + self._words("approval.estimate", cost=approval.estimate))
        if approval.needed > 1:
            names = "".join(f" · {self._voter(vote.model_dump())}" for vote in approval.votes)
            told = self._words("approval.votes", votes=len(approval.votes), needed=approval.needed, names=names)
            self.line("    " + told)
        if approval.deciders and approval.status == "waiting":
            self.line("    " + self._words("approval.deciders", names=", ".join(approval.deciders)))
        commands = self._how_to_decide(approval.id)
        if commands:
            self.line("    " + self._words("approval.until", time=moment(approval.expires_at)))
        for command in commands:
            self.line(f"      {command}", style="bold")

    def _now(self, now: Now) -> None:
        if now.state == "same":
            return
        self.line("    " + self._words(f"stands.{now.state}"), style="yellow")
        if now.problem:
            self.line(f"      {now.problem}", style="yellow")
        if now.changes:
            self.line("    " + self._words("approval.would"))
        for change in now.changes:
            self.line(f"      {self._words.of(change.label)}: {diff(change)}")
        self.rules(now.rules)

    def _edited(self, name: object, asked: object) -> None:
        self.line("    " + self._words("approval.edited", name=name, asked=json.dumps(asked, ensure_ascii=False)))

    def _origins(self, approval: Approval) -> None:
        for name, origin in approval.origins.items():
            step = self._words("origin.step", n=origin.step) if origin.step is not None else ""
            told = self._words(f"origin.{origin.source}", step=step)
            self.line("    " + self._words("origin", name=name, origin=told), style="dim")

    def decided(self, approval: Mapping[str, Any]) -> None:
        """Show how an approval ended: who decided, for whom, why, and what they approved where that was not shown."""
        status, votes = str(approval.get("status")), approval.get("votes") or ()
        names = [self._voter(vote) for vote in votes] if status == "approved" else []
        name = ", ".join(names) or self._decider(approval.get("decided_by_name"), approval.get("decided_for_name"))
        told = self._words.known(f"status.{status}", status)
        told = self._words("approval.decided", status=told, name=name) if name else told
        reason = approval.get("reason")
        self.line(f"    {told}: {reason}" if reason else f"    {told}")
        if approval.get("edited_by_name"):
            self._edited(approval["edited_by_name"], approval.get("asked_arguments"))
        changes = [Change.model_validate(change) for change in approval.get("changes") or ()]
        if status == "approved" and changes != self._shown.get(approval.get("approval_id") or approval.get("id")):
            self._changes(changes)

    def _changes(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.line(f"    {self._words.of(change.label)}: {diff(change)}")

    def _voter(self, vote: Mapping[str, Any]) -> str:
        is_own = vote["right_of"] == vote["person_id"]
        return self._decider(vote["person_name"], None if is_own else vote["right_of_name"])

    def _decider(self, name: str | None, owner: str | None) -> str:
        return self._words("approval.for", name=name, owner=owner) if owner else name or ""

    def rules(self, rules: Iterable[Rule]) -> None:
        """Show rules with their reasons."""
        for rule in rules:
            self.line("    " + self._words("rule", id=rule.id, reason=self._words.of(rule.reason)))

    def _step_started(self, event: RunEvent) -> None:
        if event.step is not None and self._steps.is_terminal:
            self._end_text()
            self._steps.file.write(f"… {one_line(self._words.of(event.step.title))}")
            self._steps.file.flush()
            self._pending = True

    def _step_finished(self, event: RunEvent) -> None:
        if event.step is not None:
            self.step(event.step)

    def _text_delta(self, event: RunEvent) -> None:
        if not self._live:
            return
        origin = (event.data.get("step_id"), event.data.get("attempt"))
        if origin != self._text_of:
            self._end_text()
            self._text, self._text_of = "", origin
        self._clear()
        self._text += event.text
        typer.echo(printable(event.text), nl=False)

    def _approval_requested(self, event: RunEvent) -> None:
        if event.step is not None and event.approval is not None:
            self.step(event.step)
            self.approval(event.approval)

    def _approval_decided(self, event: RunEvent) -> None:
        self.decided(event.data)

    def _control(self, event: RunEvent) -> None:
        verb = str(event.data.get("verb"))
        self.line(f"! {self._words(f'control.{verb}', name=event.data.get('by'))}", style="yellow")

    def _notice(self, event: RunEvent) -> None:
        code = str(event.data.get("code"))
        self.line(f"! {self._words.known(f'notice.{code}', code)}", style="yellow")

    def line(self, text: str, style: str | None = None) -> None:
        """Write one line, indented as `text` is."""
        self._clear()
        indent = len(text) - len(text.lstrip())
        self._steps.print(" " * indent + one_line(text), style=style, soft_wrap=True)

    def _clear(self) -> None:
        if self._pending:
            self._steps.file.write(_CLEAR_LINE)
            self._steps.file.flush()
            self._pending = False

    def _end_text(self) -> None:
        """End the line that the answer was being written on."""
        if self._text and self._text_of is not None:
            typer.echo()
            self._text_of = None


def diff(change: Change) -> str:
    """Return ``before → after``, or only what is there where nothing was before."""
    return f"{change.before} → {change.after}" if change.before else change.after
