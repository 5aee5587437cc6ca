"""Asking tools in threads of their own and for a short time, so that one that hangs keeps nobody waiting."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from jindou.errors import JindouError, Unavailable
from jindou.telemetry import get_logger

__all__ = ["Askers", "Kind"]

Kind = tuple[str, str, str]
"""A tool of an organisation: whose it is, its pack and its name."""

_MOST_OF_ONE: Final = 4
"""How often a tool may be asked for one organisation at the same time: hanging there, it leaves room for the others."""
_MOST_OF_ALL: Final = 32
"""How often for all of them together: a tool that hangs for ever takes no more threads than these."""
_AnswerT = TypeVar("_AnswerT")
_log = get_logger(__name__)


class ToolSilent(Unavailable):
    """The tool did not say in time what a call would change."""

    code = "tool_silent"

    def __init__(self, tool: str) -> None:
        super().__init__(
            f"{tool} did not say in time what this would change. Nothing was decided; try again in a while."
        )


class ToolBroken(Unavailable):
    """The tool broke instead of saying what a call would change."""

    code = "tool_broken"

    def __init__(self, tool: str) -> None:
        super().__init__(
            f"{tool} broke when it was asked what this would change. Nothing was decided; the operator finds in the"
            " log why."
        )


class Askers:
    """The threads that ask; each asks one tool for one organisation, one question after the other.

    Where as many ask as may, whoever `waits` is let in as soon as one ends, and the others have no answer.
    """

    def __init__(self, *, waits: bool = False) -> None:
        self._waits = waits
        self._ended = threading.Condition()
        self._at_work: Counter[tuple[str, ...]] = Counter()

    def ask(
        self, questions: Mapping[Kind, Mapping[str, Callable[[], _AnswerT]]], seconds: float
    ) -> dict[str, _AnswerT | JindouError]:
        """Ask the questions of each tool, by their ids, and return what is answered within `seconds`, waiting included.

        The others' answer is `ToolSilent`, or `ToolBroken` where the tool broke at this one.
        """
        found: dict[str, _AnswerT | JindouError] = {}
        over = threading.Event()
        until = time.monotonic() + seconds
        unasked, threads = dict(questions), list[threading.Thread]()
        with self._ended:
            while True:
                for kind in filter(self._has_room, list(unasked)):
                    arguments = kind, unasked.pop(kind), found, over
                    threads.append(threading.Thread(target=self._ask_one, args=arguments, name="afresh", daemon=True))
                    threads[-1].start()
                    self._at_work.update([kind, kind[1:]])
                if not (unasked and self._waits and self._ended.wait(until - time.monotonic())):
                    break
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        over.set()
        told = dict(found)
        return {id_: told.get(id_, ToolSilent(kind[-1])) for kind, asked in questions.items() for id_ in asked}

    def _has_room(self, kind: Kind) -> bool:
        return self._at_work[kind] < _MOST_OF_ONE and self._at_work[kind[1:]] < _MOST_OF_ALL

    def _ask_one(
        self,
        kind: Kind,
        questions: Mapping[str, Callable[[], _AnswerT]],
        found: dict[str, _AnswerT | JindouError],
        over: threading.Event,
    ) -> None:
        has_broken = False
        try:
            for id_, question in questions.items():
                if over.is_set():
                    return
                try:
                    found[id_] = question()
                # A tool can raise anything, and `sys.exit` too.
                except BaseException as error:  # noqa: BLE001
                    found[id_] = ToolBroken(kind[-1])
                    if not has_broken:
                        # Once for all that it is asked now: a page of calls breaks it as often, in the same way.
                        fields = {"tool": kind[-1], "org_id": kind[0]}
                        _log.error("a tool broke when asked about a call", exc_info=error, extra={"fields": fields})
                    has_broken = True
        finally:
            with self._ended:
                self._at_work -= Counter([kind, kind[1:]])
                self._ended.notify_all()
