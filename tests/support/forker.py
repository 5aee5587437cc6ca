"""Starts processes in no time: it has imported everything and opened nothing, and forks.

``python -m support.forker`` reads one JSON list a line, ``["work" | "sqlite" | "talk", …]``, forks a process that
does it, and answers with its pid. A refund for the reason `POISON` kills the worker that makes it.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from jindou.agents.tools import Checked, Doorway
from jindou.assembly import assemble
from jindou.home import Home
from jindou.models.serving import HeldModels
from jindou.settings import load_settings
from jindou.surfaces.cli.worker import worker
from support.scripted import ScriptedEngine
from support.talker import talk

__all__ = ["MODEL", "POISON", "main"]

MODEL = "qwen2.5-coder-0.5b"
POISON = "poison"


def work(home: str) -> None:
    """Be `jindou worker`."""
    worker(home=Path(home), as_json=True)


def work_alone(home: str) -> None:
    """Be what `jindou up` is to the runs of a home with SQLite: the one process that does them."""
    place = Home(Path(home))
    place.prepare()
    place.lock()
    held = HeldModels({MODEL: ScriptedEngine(lambda _: "Nobody asks here.")})
    platform = assemble(load_settings(home=place.path), place, held, MODEL)
    over = threading.Event()

    def stop(_signal: int, _frame: object) -> None:
        over.set()

    signal.signal(signal.SIGTERM, stop)
    platform.start()
    over.wait()
    platform.stop()


def answer(port: str) -> None:
    """Be the engine."""
    talk(int(port))


_ACTS = {"work": work, "sqlite": work_alone, "talk": answer}


def let_kill() -> None:
    """Have a tool that is called for the reason `POISON` end the process that it is in."""
    execute = Doorway.execute

    def execute_or_die(self: Doorway, checked: Checked) -> dict[str, object]:
        if checked.asked.arguments.get("reason") == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(self, checked)

    Doorway.execute = execute_or_die


def main() -> None:
    """Fork what is asked for until the input ends."""
    let_kill()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        act, argument, log = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(act, argument, log)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become(act: str, argument: str, log: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(descriptor, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    code = 1
    try:
        _ACTS[act](argument)
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
