"""A crew whose workers do nothing but write down the signals that come, and end some seconds after the first."""

import socket
import sys
from pathlib import Path

from jindou.surfaces.cli.gateway_crew import Crew

__all__ = ["main"]

_WORKER = """
import signal, sys, time
seconds, log = float(sys.argv[1]), open(sys.argv[2], "a", buffering=1)
ends = []
def told(*_):
    log.write("signal ")
    log.flush()
    ends.append(time.monotonic() + seconds)
signal.signal(signal.SIGTERM, told)
log.write("up ")
log.flush()
while not ends or time.monotonic() < ends[0]:
    time.sleep(0.05)
log.write("ended")
"""


def main(folder: Path, size: int, end_seconds: float, seconds: float) -> None:
    """Run it: each worker writes into a file of its own in `folder`, and takes `seconds` to end of `end_seconds`."""

    def command(at: int) -> list[str]:
        return [sys.executable, "-c", _WORKER, str(seconds), str(folder / f"worker-{at}")]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Crew(command, size, listener.fileno(), end_seconds).run()
