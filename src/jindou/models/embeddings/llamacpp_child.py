"""The process that holds an embedding model: ``python -m jindou.models.embeddings.llamacpp_child``.

The parent writes one line of JSON to our standard input and then holds it open; we answer with one line, the port.
When standard input ends, the parent is gone, and we go too. Nothing secret is in the arguments or the environment.
"""

import importlib
import json
import os
import sys
import threading
from typing import Any, Final
from urllib.parse import urlsplit

__all__: list[str] = []

_LLAMA: Final[Any] = importlib.import_module("xllamacpp")
"""The library, which has no types."""


def _main() -> None:
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # The library writes its log to both streams; the answer must stand alone.
    os.dup2(2, 1)
    config = json.loads(sys.stdin.readline())
    server: Any = _LLAMA.Server(_params(config))
    answer.write(json.dumps({"port": urlsplit(str(server.listening_address)).port}) + "\n")
    answer.flush()
    watcher = threading.Thread(target=_leave_with_parent, name="parent-watch")
    watcher.start()
    watcher.join()


def _params(config: dict[str, Any]) -> Any:
    params: Any = _LLAMA.CommonParams()
    params.model.path = config["model_path"]
    params.api_keys = [config["key"]]
    params.port = 0
    params.embedding = True
    # One text at a time: texts side by side in a batch look past each other, and that costs more than it saves.
    params.n_parallel = 1
    # A text is read in one piece, so all of these are the longest that can be read.
    params.n_ctx = params.n_batch = params.n_ubatch = config["tokens"]
    params.cpuparams.n_threads = config["threads"]
    params.cpuparams_batch.n_threads = config["threads"]
    params.cache_prompt = False
    params.cache_ram_mib = 0
    # Both would load the model twice.
    params.fit_params = False
    params.warmup = False
    params.cors_origins = ""
    params.ui = False
    params.endpoint_slots = False
    return params


def _leave_with_parent() -> None:
    sys.stdin.read()
    # The server's own threads would outlive an ordinary exit.
    os._exit(0)


if __name__ == "__main__":
    _main()
