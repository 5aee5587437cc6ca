"""A child process that is kept alive: started, watched, started again with growing pauses."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import psutil

from jindou.telemetry import get_logger

__all__ = ["ChildState", "Supervisor"]

ChildState = Literal["stopped", "starting", "ready", "restarting"]

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 30.0
_STOP_SECONDS: Final = 5.0
_LOG_BYTES: Final = 10_000_000

_log = get_logger(__name__)


class Supervisor:
    """Runs ``python -m module``, hands it `config()` on standard input, and reads its first line as its answer."""

    def __init__(self, module: str, config: Callable[[], Mapping[str, object]], log_path: Path) -> None:
        self._module = module
        self._config = config
        self._log_path = log_path
        self._changed = threading.Condition()
        self._state: ChildState = "stopped"
        self._child: subprocess.Popen[bytes] | None = None
        self._answer: dict[str, Any] | None = None
        self._restarts = 0
        self._generation = 0

    @property
    def state(self) -> ChildState:
        """What the child does now."""
        return self._state

    @property
    def restarts(self) -> int:
        """How often the child was started again because it had ended by itself."""
        return self._restarts

    @property
    def answer(self) -> dict[str, Any] | None:
        """What the child said when it was ready; None when it is not."""
        return self._answer

    @property
    def pid(self) -> int | None:
        """The child's process id; None when there is none."""
        child = self._child
        return child.pid if child and child.poll() is None else None

    def kill(self) -> None:
        """End a child that hangs; it is started again like one that ended by itself."""
        child = self._child
        if child is not None:
            child.kill()

    def rss_bytes(self) -> int | None:
        """Return the memory that the child holds."""
        pid = self.pid
        if pid is None:
            return None
        try:
            return psutil.Process(pid).memory_info().rss
        except psutil.Error:
            return None

    def start(self) -> None:
        """Start the child and its watcher unless they run."""
        with self._changed:
            if self._state != "stopped":
                return
            self._state = "starting"
            self._generation += 1
            watcher = threading.Thread(target=self._watch, args=(self._generation,), name="child-watch", daemon=True)
        watcher.start()

    def stop(self) -> None:
        """End the child, gently first, and wait until it has gone."""
        with self._changed:
            self._state = "stopped"
            self._answer = None
            self._generation += 1
            child, self._child = self._child, None
            self._changed.notify_all()
        if child is not None:
            _end(child)

    def wait_ready(self, seconds: float) -> dict[str, Any] | None:
        """Return the child's answer as soon as it has one, or None after `seconds` or once it is stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._answer is not None or self._state == "stopped", seconds)
            return self._answer

    def wait_first_try(self, seconds: float) -> dict[str, Any] | None:
        """Return the child's answer, or None when its first try failed or took longer than `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._answer is not None or self._state != "starting", seconds)
            return self._answer

    def _watch(self, generation: int) -> None:
        pause = _FIRST_PAUSE
        while (child := self._launch(generation)) is not None:
            was_ready = self._read_answer(child, generation)
            code = child.wait()
            _close_pipes(child)
            if not self._ended(generation, code):
                return
            pause = _FIRST_PAUSE if was_ready else min(pause * 2, _LONGEST_PAUSE)
            with self._changed:
                self._changed.wait_for(lambda: self._generation != generation, pause)

    def _launch(self, generation: int) -> subprocess.Popen[bytes] | None:
        with self._changed:
            if self._generation != generation:
                return None
            self._child = _spawn(self._module, self._log_path)
            child = self._child
        assert child.stdin is not None  # noqa: S101 - it is a pipe, as asked for
        with contextlib.suppress(OSError):
            child.stdin.write(json.dumps(dict(self._config())).encode() + b"\n")
            child.stdin.flush()
        return child

    def _read_answer(self, child: subprocess.Popen[bytes], generation: int) -> bool:
        assert child.stdout is not None  # noqa: S101 - it is a pipe, as asked for
        line = child.stdout.readline()
        if not line:
            return False
        with self._changed:
            if self._generation == generation:
                self._answer = json.loads(line)
                self._state = "ready"
                self._changed.notify_all()
        return True

    def _ended(self, generation: int, code: int) -> bool:
        """Note that the child has ended; return whether it is to be started again."""
        with self._changed:
            if self._generation != generation:
                return False
            self._answer = None
            self._state = "restarting"
            self._restarts += 1
            self._changed.notify_all()
        _log.warning("child ended", extra={"fields": {"code": code, "restarts": self._restarts}})
        return True


def _spawn(module: str, log_path: Path) -> subprocess.Popen[bytes]:
    log_path.parent.mkdir(parents=True, exist_ok=True)
    too_long = log_path.exists() and log_path.stat().st_size > _LOG_BYTES
    # Passive waiting: threads that spin would take the processor from everything else on a shared machine.
    environment = {
        "PYTHONPATH": os.pathsep.join(folder for folder in sys.path if folder),
        "OMP_WAIT_POLICY": "passive",
        "GOMP_SPINCOUNT": "0",
    }
    with log_path.open("wb" if too_long else "ab") as log:
        # A session of its own: Ctrl-C in the terminal is for the parent, who then ends the child in order.
        return subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            start_new_session=True,
        )


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _close_pipes(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
