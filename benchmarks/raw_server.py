"""The llama.cpp server by itself, as anybody would start it: what the harness is measured against.

Run as a program it serves a model until its standard input ends, and tells its port on the first line it writes.
"""

import importlib
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["RawServer"]


class RawServer:
    """A child process with the server; it starts with the first question."""

    def __init__(self, model: Path, *, slots: int = 1, threads: int = 1, context_tokens: int = 8192) -> None:
        self._config = {"model": str(model), "slots": slots, "threads": threads, "context": context_tokens * slots}
        self._child: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._port = 0

    def chat(self, body: Mapping[str, object]) -> dict[str, Any]:
        """Return the first choice's message and why it ended."""
        self._start()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/v1/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=3600) as response:  # noqa: S310 - loopback
                choice = json.load(response)["choices"][0]
        except urllib.error.HTTPError as error:
            return {"message": {"content": ""}, "finish_reason": "error", "error": error.read().decode()[:500]}
        return {"message": choice["message"], "finish_reason": choice["finish_reason"]}

    def stop(self) -> None:
        """End the child, if there is one."""
        if self._child is not None:
            self._child.communicate()

    def _start(self) -> None:
        with self._lock:
            if self._child is not None:
                return
            command = [sys.executable, __file__, json.dumps(self._config)]
            pipe = subprocess.PIPE
            self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
            self._port = int(self._child.stdout.readline()) if self._child.stdout else 0


def _serve(config: Mapping[str, Any]) -> None:
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    library: Any = importlib.import_module("xllamacpp")
    params: Any = library.CommonParams()
    params.model.path = config["model"]
    params.port = 0
    params.n_parallel = config["slots"]
    params.n_ctx = config["context"]
    params.cpuparams.n_threads = config["threads"]
    params.cpuparams_batch.n_threads = config["threads"]
    params.use_jinja = True
    server: Any = library.Server(params)
    answer.write(f"{urlsplit(str(server.listening_address)).port}\n")
    answer.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
