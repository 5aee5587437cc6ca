"""A real server in a process of its own, as `jindou up` starts it."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Server", "free_port", "running"]

MODEL = "qwen2.5-coder-0.5b"

_FIRST_PORT = 12_000
_EACH = 100
"""Ports of one test process; Linux gives out those from 32,768 on by itself."""
_SHARES = 200
_first = _FIRST_PORT + os.getpid() % _SHARES * _EACH
_ports = itertools.cycle(range(_first, _first + _EACH))


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers at `url`; `links` signs each demo person in, once."""

    url: str
    home: Path
    links: dict[str, str]
    process: subprocess.Popen[str]


@contextmanager
def running(home: Path, models_dir: Path, port: int) -> Generator[Server]:
    """Run `jindou up` on `home` until the end of the block, and end it the way a person would."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "jindou.toml").write_text(f'models_dir = "{models_dir}"\nmodel = "{MODEL}"\n', encoding="utf-8")
    command = [sys.executable, "-m", "jindou", "up", "--json", "--home", str(home), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            links = {link["person"]: link["url"] for link in said["links"]}
            yield Server(said["url"], home, links, process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(timeout=120)


def free_port(in_a_row: int = 1) -> int:
    """Return a port of the loopback address that nobody listens on, the first of `in_a_row` of them.

    It is of none that the system gives out by itself, and each test process has others, so it is still free when the
    server that it is for has come up.
    """
    while True:
        first = next(_ports)
        ports = [first, *(next(_ports) for _ in range(in_a_row - 1))]
        if ports == list(range(first, first + in_a_row)) and all(map(_is_free, ports)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
