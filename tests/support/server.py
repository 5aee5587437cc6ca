"""A real server in a process of its own, as `jindou up` starts it."""

import json
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
            process.wait(timeout=30)


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
