"""Whether what is under way in a run has to end: its person wants it, or a limit says so."""

import time
from datetime import timedelta
from typing import Literal

from sqlalchemy import select

from jindou.agents.runs.limits import LimitPassed, worked_ms
from jindou.agents.runs.segment import Segment, State
from jindou.agents.runs.tables import RunRow

__all__ = ["Watch"]

_POLL_SECONDS = 0.5


class Watch:
    """Is asked several times a second during one model call, or one round of tool calls.

    A pause breaks off a model call, which costs nothing but tokens; a tool is let finish.
    """

    def __init__(self, segment: Segment, state: State, kind: Literal["model", "tool"]) -> None:
        self._segment = segment
        self._kind = kind
        self._clock = segment.parts.database.clock
        self._began = self._clock.steady()
        self._polled = time.monotonic()
        limits = state.limits
        self._step_seconds = limits.model_seconds if kind == "model" else limits.tool_seconds
        self._run_seconds = limits.seconds
        self._worked = timedelta(milliseconds=worked_ms(state.run, segment.now()))
        self.passed: LimitPassed | None = None
        """The limit that was reached, once one is."""

    def must_stop(self) -> bool:
        """Say whether it has to end now."""
        if self._kind == "model" and self._segment.stopping():
            return True
        self.passed = self._reached(timedelta(seconds=self._clock.steady() - self._began))
        return self.passed is not None or self._is_asked_to()

    def _reached(self, took: timedelta) -> LimitPassed | None:
        if self._step_seconds is not None and took >= timedelta(seconds=self._step_seconds):
            return LimitPassed(
                "model_seconds" if self._kind == "model" else "tool_seconds",
                int(took.total_seconds()),
                self._step_seconds,
            )
        worked = self._worked + took
        if self._run_seconds is not None and worked >= timedelta(seconds=self._run_seconds):
            return LimitPassed("seconds", int(worked.total_seconds()), self._run_seconds)
        return None

    def _is_asked_to(self) -> bool:
        if time.monotonic() - self._polled < _POLL_SECONDS:
            return False
        self._polled = time.monotonic()
        lease = self._segment.lease
        with self._segment.parts.database.reading(lease.org_id) as work:
            asked = select(RunRow.cancel_requested, RunRow.pause_requested).where(RunRow.id == lease.subject)
            cancelled, paused = work.session.execute(asked).one()
        return cancelled or (paused and self._kind == "model")
