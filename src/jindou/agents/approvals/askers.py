"""Asking tools in threads of their own and for a short time, so that one that hangs keeps nobody waiting."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from jindou.telemetry import get_logger

__all__ = ["Askers", "Kind"]

Kind = tuple[str, str]
"""A tool: its pack and its name."""

_MOST_OF_A_TOOL: Final = 4
"""How often a tool may be asked at the same time: one that hangs takes no more threads than these."""
_AnswerT = TypeVar("_AnswerT")
_log = get_logger(__name__)


class Askers:
    """The threads that ask; each asks one tool, one question after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work: Counter[Kind] = Counter()

    def ask(
        self, questions: Mapping[Kind, Mapping[str, Callable[[], _AnswerT]]], seconds: float
    ) -> dict[str, _AnswerT]:
        """Ask the questions of each tool, by their ids, and return what was answered within `seconds`.

        What a tool breaks at has no answer, and takes none from the tool's other questions.
        """
        found: dict[str, _AnswerT] = {}
        over = threading.Event()
        threads = [
            threading.Thread(target=self._ask_one, args=(kind, asked, found, over), name="afresh", daemon=True)
            for kind, asked in questions.items()
            if self._begin(kind)
        ]
        until = time.monotonic() + seconds
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        over.set()
        return dict(found)

    def _begin(self, kind: Kind) -> bool:
        with self._lock:
            if self._at_work[kind] >= _MOST_OF_A_TOOL:
                return False
            self._at_work[kind] += 1
            return True

    def _ask_one(
        self,
        kind: Kind,
        questions: Mapping[str, Callable[[], _AnswerT]],
        found: dict[str, _AnswerT],
        over: threading.Event,
    ) -> None:
        try:
            for id_, question in questions.items():
                if over.is_set():
                    return
                try:
                    found[id_] = question()
                # A tool can raise anything, and `sys.exit` too.
                except BaseException as error:  # noqa: BLE001
                    fields = {"tool": kind[1], "error": type(error).__name__}
                    _log.warning("a tool can't say what a call would change by now", extra={"fields": fields})
        finally:
            with self._lock:
                self._at_work[kind] -= 1
