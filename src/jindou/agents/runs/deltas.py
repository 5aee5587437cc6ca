"""The text that models write, on its way to other processes: gathered for a moment, and sent in pieces."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import BaseModel

from jindou.agents.runs.types import RunEvent
from jindou.errors import JindouError
from jindou.telemetry import get_logger

__all__ = ["Deltas", "read_delta"]

_GATHER_SECONDS = 0.03
"""Less than a person sees; with one transaction in that time, a process costs the database the same for any text."""

_MOST_CHARACTERS = 1200
"""Of six bytes each at most, so that a piece fits what PostgreSQL takes."""

_MOST_WAITING = 10_000
_log = get_logger(__name__)


class _Delta(BaseModel):
    """A piece of text, and the attempt at a step that wrote it."""

    run: str
    step: str
    attempt: int
    at: datetime
    text: str


class Deltas:
    """Sends what is added by `send`, from a thread of its own that ends when there is nothing left to send."""

    def __init__(self, send: Callable[[Sequence[str]], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str, object], list[RunEvent]] = {}
        self._count = 0
        self._is_sending = False

    def add(self, event: RunEvent) -> None:
        """Have a ``text.delta`` sent soon; what a database that is gone can't pass on is dropped."""
        with self._lock:
            if self._count >= _MOST_WAITING:
                return
            key = (event.run_id, str(event.data["step_id"]), event.data["attempt"])
            self._waiting.setdefault(key, []).append(event)
            self._count += 1
            if self._is_sending:
                return
            self._is_sending = True
        threading.Thread(target=self._work, name="deltas", daemon=True).start()

    def _work(self) -> None:
        pause = threading.Event()
        while waiting := self._take():
            try:
                self._send([piece for events in waiting for piece in _pieces(events)])
            except JindouError as error:
                _log.info("text not passed on", extra={"fields": {"error": error.message}})
            pause.wait(_GATHER_SECONDS)

    def _take(self) -> list[list[RunEvent]]:
        with self._lock:
            waiting, self._waiting, self._count = list(self._waiting.values()), {}, 0
            self._is_sending = bool(waiting)
            return waiting


def _pieces(events: Sequence[RunEvent]) -> list[str]:
    first = events[0]
    text = "".join(str(event.data["text"]) for event in events)
    head = {"run": first.run_id, "step": first.data["step_id"], "attempt": first.data["attempt"], "at": first.at}
    return [
        _Delta.model_validate({**head, "text": text[at : at + _MOST_CHARACTERS]}).model_dump_json()
        for at in range(0, len(text), _MOST_CHARACTERS)
    ]


def read_delta(text: str) -> RunEvent:
    """Return the event that another process sent."""
    told = _Delta.model_validate_json(text)
    data: dict[str, object] = {"step_id": told.step, "attempt": told.attempt, "text": told.text}
    return RunEvent(seq=0, run_id=told.run, type="text.delta", at=told.at, data=data)
