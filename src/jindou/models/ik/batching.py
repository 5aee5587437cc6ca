"""Conversations side by side: one thread owns the library, and those that are at work take turns in it.

A slot keeps what it has read, so that the next conversation that begins alike goes on from there.
"""

import codecs
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from jindou.models.ik.grammar import Grammars, Unreadable
from jindou.models.ik.library import Aborted, Library, Row
from jindou.models.ik.sampling import Sampler, Sampling, likeliest

__all__ = ["Ask", "Batching", "Ended", "Piece"]

T = TypeVar("T")
_PAUSE: Final = 0.5
_BESIDE_WRITERS: Final = 64
"""Tokens of a prompt that are read at a time while another conversation waits for its next token."""


@dataclass(slots=True)
class Ask:
    """A prompt to go on with. `told` hears of every piece and then of the end; `cancelled` gives up.

    With `choices` each token is told with its chance, and so are as many of the likeliest in its place.
    """

    tokens: list[int]
    most: int
    stops: tuple[str, ...]
    sampling: Sampling
    schema: str
    told: "queue.SimpleQueue[Piece | Ended]"
    slot: int | None = None
    choices: int = 0
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Text, or none: a sign of life while the prompt is read.

    `chances` has the last token's text and the logarithm of its chance, then the same of the likeliest in its place.
    """

    text: str
    chances: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of an answer.

    `why` is ``eos``, ``word``, ``limit`` or, for what can't go on, ``refused`` (it is the caller's) or ``error``.
    """

    why: str
    text: str
    prompt: int
    cached: int
    completion: int
    seconds: tuple[float, float] = (0.0, 0.0)


@dataclass(slots=True)
class _Slot:
    """A place for one conversation. `read` is what the cache holds of it."""

    number: int
    read: list[int] = field(default_factory=list[int])
    used_at: float = 0.0
    task: int = -1
    turn: int = 0
    work: "_Work | None" = None


@dataclass(slots=True)
class _Work:
    ask: Ask
    sampler: Sampler
    cached: int
    begun: float
    first: float = 0.0
    written: int = 0
    held: str = ""
    decoder: Any = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))


class Batching:
    """The slots of one model, served by a thread of its own."""

    def __init__(self, open_library: Callable[[], Library], *, slots: int, context_tokens: int, batch: int) -> None:
        self.context_tokens = context_tokens
        self._slots = [_Slot(number) for number in range(slots)]
        self._batch = batch
        self._waiting: list[Ask] = []
        self._errands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._tasks = 0
        self._turns = 0
        opened: Future[Library] = Future()
        threading.Thread(target=self._run, args=(open_library, opened), name="ik", daemon=True).start()
        self.library = opened.result()

    def submit(self, ask: Ask) -> None:
        """Take an ask in; it begins as soon as a slot is free."""
        with self._changed:
            self._waiting.append(ask)
            self._changed.notify()

    def call(self, work: Callable[[], T]) -> T:
        """Do something in the library's own thread, between two batches."""
        done: Future[T] = Future()

        def errand() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                done.set_exception(error)

        self._errands.put(errand)
        with self._changed:
            self._changed.notify()
        return done.result()

    def states(self) -> list[tuple[int, bool, int]]:
        """Return each slot's number, whether it is at work, and its last task's number."""
        return [(slot.number, slot.work is not None, slot.task) for slot in self._slots]

    def read(self, number: int) -> list[int]:
        """Return what an idle slot has read. Only for `call`."""
        return self._idle(number).read

    def put(self, number: int, tokens: list[int]) -> None:
        """Note what an idle slot holds from now on. Only for `call`."""
        slot = self._idle(number)
        slot.read, slot.used_at = tokens, time.monotonic()

    def _idle(self, number: int) -> _Slot:
        if not 0 <= number < len(self._slots) or self._slots[number].work is not None:
            raise ValueError(f"slot {number} is not idle")
        return self._slots[number]

    def _run(self, open_library: Callable[[], Library], opened: "Future[Library]") -> None:
        try:
            library = open_library()
            library.on_abort(lambda: any(slot.work is not None and slot.work.ask.cancelled for slot in self._slots))
            self._grammars = Grammars(library)
        except BaseException as error:  # noqa: BLE001 - whoever waits for it is told
            opened.set_exception(error)
            return
        opened.set_result(library)
        try:
            while True:
                self._turn(library)
        except BaseException:  # noqa: BLE001 - whatever it was, it is the end
            # Nobody would be answered any more: better a new process than one that hangs.
            traceback.print_exc()
            os._exit(1)

    def _turn(self, library: Library) -> None:
        self._do_errands()
        self._drop_cancelled()
        self._admit(library)
        rows = self._rows()
        if rows:
            self._step(library, rows)
            return
        with self._changed:
            if not self._waiting and self._errands.empty():
                self._changed.wait(_PAUSE)

    def _do_errands(self) -> None:
        while True:
            try:
                errand = self._errands.get_nowait()
            except queue.Empty:
                return
            errand()

    def _drop_cancelled(self) -> None:
        with self._changed:
            self._waiting = [ask for ask in self._waiting if not ask.cancelled]
        for slot in self._slots:
            if slot.work is not None and slot.work.ask.cancelled:
                self._end(slot, "word")

    def _admit(self, library: Library) -> None:
        with self._changed:
            waiting = list(self._waiting)
        for ask in waiting:
            slot = self._slot_for(ask)
            if slot is None:
                continue
            with self._changed:
                self._waiting.remove(ask)
            self._begin(library, slot, ask)

    def _slot_for(self, ask: Ask) -> _Slot | None:
        free = [slot for slot in self._slots if slot.work is None and ask.slot in {None, slot.number}]
        # The one that has read the most of it; among equals the one that was not used for the longest time.
        return max(free, key=lambda slot: (_common(slot.read, ask.tokens), -slot.used_at), default=None)

    def _begin(self, library: Library, slot: _Slot, ask: Ask) -> None:
        try:
            grammar = self._grammars.open(ask.schema) if ask.schema else None
        except Unreadable as error:
            ask.told.put(Ended("refused", f"the schema can't be kept to: {error}", len(ask.tokens), 0, 0))
            return
        cached = min(_common(slot.read, ask.tokens), len(ask.tokens) - 1)
        if not library.cut(slot.number, cached):
            library.cut(slot.number, 0)
            cached = 0
        slot.read = ask.tokens[:cached]
        self._tasks += 1
        slot.task = self._tasks
        slot.work = _Work(ask, Sampler(ask.sampling, grammar), cached, time.monotonic())

    def _rows(self) -> list[Row]:
        """Return the next batch: a piece of whoever has waited longest; a small one where somebody else writes."""
        at_work = [slot for slot in self._slots if slot.work is not None]
        slot = min(at_work, key=lambda slot: slot.turn, default=None)
        if slot is None or slot.work is None:
            return []
        self._turns += 1
        slot.turn = self._turns
        there, tokens = len(slot.read), slot.work.ask.tokens
        most = _BESIDE_WRITERS if len(at_work) > 1 else self._batch
        piece = tokens[there : there + most]
        return [Row(token, there + n, slot.number, there + n == len(tokens) - 1) for n, token in enumerate(piece)]

    def _step(self, library: Library, rows: list[Row]) -> None:
        try:
            library.decode(rows)
        except Aborted:
            # What the cache holds of this batch is not known; it is read again.
            for slot in self._slots:
                library.cut(slot.number, len(slot.read))
            return
        except RuntimeError as error:
            self._end(self._slots[rows[0].slot], "error", str(error))
            return
        for at, row in enumerate(rows):
            slot = self._slots[row.slot]
            slot.read.append(row.token)
            if row.wanted:
                self._write(library, slot, at)
        work = self._slots[rows[0].slot].work
        if work is not None and not work.written:
            work.ask.told.put(Piece(""))

    def _write(self, library: Library, slot: _Slot, at: int) -> None:
        work = slot.work
        assert work is not None  # noqa: S101 - it asked for this row
        work.first = work.first or time.monotonic()
        try:
            scores = library.logits(at)
            before = scores.copy() if work.ask.choices else None
            token = work.sampler.choose(scores)
        except RuntimeError as error:
            self._end(slot, "error", str(error))
            return
        work.written += 1
        if library.ends(token):
            self._end(slot, "eos")
            return
        work.ask.tokens.append(token)
        text = work.decoder.decode(library.piece_of(token))
        work.held += text
        if self._give(work, () if before is None else _chances(library, before, token, text, work.ask.choices)):
            self._end(slot, "word")
        elif work.written >= work.ask.most or len(work.ask.tokens) >= self.context_tokens:
            self._end(slot, "limit")

    def _give(self, work: _Work, chances: tuple[tuple[str, float], ...]) -> bool:
        """Tell what can't be the beginning of a stop any more; return whether one is complete."""
        found = [at for at in map(work.held.find, work.ask.stops) if at >= 0]
        if found:
            work.held = work.held[: min(found)]
            return True
        kept = max((_overlap(work.held, stop) for stop in work.ask.stops), default=0)
        text = work.held[: len(work.held) - kept]
        work.held = work.held[len(work.held) - kept :]
        work.ask.told.put(Piece(text, chances))
        return False

    def _end(self, slot: _Slot, why: str, text: str = "") -> None:
        work = slot.work
        if work is None:
            return
        slot.work, slot.used_at = None, time.monotonic()
        held = text or (work.held + work.decoder.decode(b"", final=True))
        now = time.monotonic()
        first = work.first or now
        prompt = len(work.ask.tokens) - work.written + (why == "eos")
        spent = (first - work.begun, now - first)
        work.ask.told.put(Ended(why, held, prompt, work.cached, work.written, spent))


def _common(one: list[int], other: list[int]) -> int:
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))


def _chances(library: Library, scores: Any, token: int, text: str, most: int) -> tuple[tuple[str, float], ...]:
    chosen, others = likeliest(scores, token, most)
    told = [(library.piece_of(other).decode("utf-8", "replace"), logprob) for other, logprob in others]
    return ((text, chosen), *told)


def _overlap(text: str, stop: str) -> int:
    """Return how many of the last characters of `text` may be the beginning of `stop`."""
    return next((n for n in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:n])), 0)
