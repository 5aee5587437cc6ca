"""The process that holds llama.cpp: ``python -m jindou.models.engines.llamacpp_child``.

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

_PROMPT_BATCH: Final = 128
"""Tokens read at a time: small enough that a cancelled prompt ends within two seconds on a slow machine."""

_PROMPT_CACHE_MIB: Final = 512


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
    params.n_parallel = config["slots"]
    params.n_ctx = config["context_tokens"] * config["slots"]
    params.cpuparams.n_threads = config["threads"]
    params.cpuparams_batch.n_threads = config["threads"]
    params.n_batch = params.n_ubatch = config["batch"] or _PROMPT_BATCH
    params.cache_prompt = True
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.cors_origins = ""
    params.ui = False
    # They tell which slots are at work, and take and give what a slot has read; the key guards them as all else.
    params.endpoint_slots = True
    if config["slots_path"]:
        params.slot_save_path = config["slots_path"]
    return params


def _leave_with_parent() -> None:
    sys.stdin.read()
    # The server's own threads would outlive an ordinary exit.
    os._exit(0)


if __name__ == "__main__":
    _main()
