"""What one who follows a run is told next, in whatever order it is heard."""

from collections.abc import Sequence
from typing import Any

from jindou.agents.runs.types import RunEvent

__all__ = ["Follower"]


class Follower:
    """Has `seen` the events up to a number. Each of the journal is told once and in order, and no text that is old."""

    def __init__(self, seen: int) -> None:
        self.seen = seen
        self.is_over = False
        self._attempts: dict[str, int] = {}
        self._ended: set[str] = set()

    def read(self, kept: Sequence[RunEvent]) -> list[RunEvent]:
        """Return what is new of what the journal has."""
        new = [event for event in kept if event.seq > self.seen]
        for event in new:
            self._note(event)
        return new

    def hear(self, told: RunEvent | str) -> list[RunEvent] | None:
        """Return what is to be told of what a listener heard; None says that the journal has to be read."""
        if isinstance(told, str):
            return None
        if not told.seq:
            return [told] if self._is_new(told) else []
        if told.seq <= self.seen:
            return []
        return self.read([told]) if told.seq == self.seen + 1 else None

    def _note(self, event: RunEvent) -> None:
        self.seen = event.seq
        self.is_over = event.type == "run.finished"
        step: Any = event.data.get("step")
        if step is None:
            return
        if event.type == "step.started":
            self._attempts[step["id"]] = step["attempt"]
        elif event.type == "step.finished":
            self._ended.add(step["id"])

    def _is_new(self, delta: RunEvent) -> bool:
        """Say whether a piece of text belongs to the newest attempt at a step that has not ended."""
        step, attempt = str(delta.data["step_id"]), int(str(delta.data["attempt"]))
        newest = max(attempt, self._attempts.get(step, 0))
        return step not in self._ended and attempt == newest
