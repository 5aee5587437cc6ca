"""The processes of a gateway: one that dies is replaced, and a signal goes to each of them once."""

import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Final

__all__ = ["Crew"]

_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
_LOOK_SECONDS: Final = 0.2


class Crew:
    """Several workers that hold the socket `fd`, worker `at` of them started with `command(at)`.

    They are in sessions of their own, so that Ctrl-C in a terminal, which reaches every process there, is theirs from
    here alone. After the first signal they have `end_seconds` to end.
    """

    def __init__(self, command: Callable[[int], Sequence[str]], size: int, fd: int, end_seconds: float) -> None:
        self._command = command
        self._size = size
        self._fd = fd
        self._end_seconds = end_seconds
        # Of what threads have in common, this alone may be touched where a signal interrupts.
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._starting = threading.Lock()
        self._workers: dict[int, subprocess.Popen[bytes]] = {}

    def run(self) -> None:
        """Keep the workers until a signal comes; pass on each that comes, and return once all have ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _frame: self._signals.put(number))
        keepers = [threading.Thread(target=self._keep, args=(at,), name=f"worker-{at}") for at in range(self._size)]
        for keeper in keepers:
            keeper.start()
        while any(keeper.is_alive() for keeper in keepers):
            try:
                self._signals.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            self._pass_on()

    def _pass_on(self) -> None:
        """Tell every worker once; a second time breaks off what is under way there."""
        with self._starting:
            self._ending.set()
        for worker in self._workers.values():
            worker.terminate()

    def _keep(self, at: int) -> None:
        pause = _PAUSE
        while self._start(at):
            while self._workers[at].poll() is None and not self._ending.wait(0.5):
                pass
            self._ending.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        worker = self._workers.get(at)
        if worker is None:
            return
        try:
            worker.wait(self._end_seconds)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()

    def _start(self, at: int) -> bool:
        """Start a worker, unless all are ending; say whether it was."""
        with self._starting:
            if not self._ending.is_set():
                self._workers[at] = subprocess.Popen(self._command(at), pass_fds=[self._fd], start_new_session=True)
            return not self._ending.is_set()
