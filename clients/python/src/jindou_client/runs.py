"""Runs: start one, find it, watch it, control it."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypedDict, Unpack

from jindou_client.errors import Unavailable
from jindou_client.transport import Transport
from jindou_client.types import Explanation, Run, RunDetail, RunEvent, RunStatus, UndoPlan

__all__ = ["RunFilters", "Runs"]

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 2.0


class RunFilters(TypedDict, total=False):
    """What `Runs.search` can look for: `text` is in the request or in the answer, `tool` was called."""

    text: str
    assistant: str
    status: RunStatus
    tool: str
    since: datetime
    until: datetime
    least_cost_micro: int
    before: str
    limit: int


class Runs:
    """What assistants do."""

    def __init__(self, transport: Transport, patience: float) -> None:
        self._transport = transport
        self._patience = patience

    def start(self, message: str, assistant: str = "after-sales", conversation_id: str | None = None) -> Run:
        """Ask an assistant; with `conversation_id`, as the next message of that conversation."""
        body = {"message": message, "assistant": assistant, "conversation_id": conversation_id}
        return self._transport.post(Run, "/api/runs", body)

    def list(self, limit: int = 50, before: str | None = None) -> Sequence[Run]:
        """Return one's own runs, the newest first, older than run `before`."""
        return self._transport.get(list[Run], "/api/runs", {"limit": limit, "before": before})

    def search(self, **filters: Unpack[RunFilters]) -> Sequence[Run]:
        """Return one's own runs that fit all filters, the newest first."""
        plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in filters.items()}
        return self._transport.get(list[Run], "/api/runs", plain)

    def get(self, run_id: str) -> RunDetail:
        """Return a run with its journal."""
        return self._transport.get(RunDetail, f"/api/runs/{run_id}")

    def cancel(self, run_id: str) -> Run:
        """Ask a run to stop; watch `events` to see that it has."""
        return self._transport.post(Run, f"/api/runs/{run_id}/cancel")

    def plan_undo(self, run_id: str) -> UndoPlan:
        """Return what undoing a run would do, first what it can't."""
        return self._transport.get(UndoPlan, f"/api/runs/{run_id}/undo")

    def undo(self, run_id: str) -> Run:
        """Put back what a run changed, the last first; that is a run of its own. Asked again, it does nothing more.

        Raises:
            Conflict: the run is not over, or it has changed nothing that can be put back.
        """
        return self._transport.post(Run, f"/api/runs/{run_id}/undo")

    def pause(self, run_id: str) -> Run:
        """Have a run rest at its next step; a model call under way is broken off."""
        return self._transport.post(Run, f"/api/runs/{run_id}/pause")

    def resume(self, run_id: str) -> Run:
        """Have a paused run go on."""
        return self._transport.post(Run, f"/api/runs/{run_id}/resume")

    def steer(self, run_id: str, message: str) -> Run:
        """Tell a run that is under way something; the model reads it before its next step."""
        return self._transport.post(Run, f"/api/runs/{run_id}/messages", {"message": message})

    def retry(self, run_id: str, *, confirm: bool = False) -> Run:
        """Do the failed step of a failed run again; `confirm` where nobody knows whether it took effect."""
        return self._transport.post(Run, f"/api/runs/{run_id}/retry", {"confirm": confirm})

    def branch(self, run_id: str, step: int, message: str | None = None) -> Run:
        """Begin a run that shares this one's journal up to `step`, and is told `message` then."""
        return self._transport.post(Run, f"/api/runs/{run_id}/branches", {"step": step, "message": message})

    def explain(self, run_id: str) -> Explanation:
        """Return why a run is where it is, and what would move it on."""
        return self._transport.get(Explanation, f"/api/runs/{run_id}/explanation")

    def events(self, run_id: str, after: int = 0) -> Iterator[RunEvent]:
        """Yield the events behind number `after` as they happen, up to ``run.finished``.

        A connection that breaks off is made again, and goes on where it was.

        Raises:
            Unavailable: the server did not come back within the client's `patience`.
        """
        pause, silent_since = _FIRST_PAUSE, time.monotonic()
        while True:
            try:
                if after and self._is_over(run_id, after):
                    return
                for event in self._once(run_id, after):
                    pause, silent_since = _FIRST_PAUSE, time.monotonic()
                    after = max(after, event.seq)
                    yield event
                    if event.type == "run.finished":
                        return
            except Unavailable:
                if time.monotonic() - silent_since > self._patience:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _once(self, run_id: str, after: int) -> Iterator[RunEvent]:
        """Yield the events of one connection."""
        with self._transport.stream(f"/api/runs/{run_id}/events", after) as events:
            for event in events:
                yield RunEvent.model_validate_json(event.data)

    def _is_over(self, run_id: str, after: int) -> bool:
        """Whether nothing comes behind event `after`, so that there is nothing to wait for."""
        run = self.get(run_id)
        return run.is_final and run.last_event <= after
