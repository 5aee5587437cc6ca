"""The process that holds ik_llama.cpp: ``python -m jindou.models.ik.child``.

It is talked to as `jindou.models.engines.llamacpp_child` is, and answers as a llama.cpp server does, as far as an
engine and a gateway ask it: chat templates, completions, tokens, slots, and plain chat completions.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any, Final

from jindou.models.ik.batching import Batching
from jindou.models.ik.library import Library
from jindou.models.ik.serving import Server
from jindou.models.ik.template import Template

__all__: list[str] = []

_BATCH: Final = 256
"""Tokens read at a time. A cancelled batch is given up in the middle, so that it need not be small for that."""


def _main() -> None:
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # The library writes its log to both streams; the answer must stand alone.
    os.dup2(2, 1)
    config: dict[str, Any] = json.loads(sys.stdin.readline())
    slots, context = int(config["slots"]), int(config["context_tokens"])
    batch = int(config.get("batch") or _BATCH)
    batching = Batching(
        lambda: Library(
            config["model_path"], context_tokens=context, slots=slots, threads=config["threads"], batch=batch
        ),
        slots=slots,
        context_tokens=context,
        batch=batch,
    )
    folder = config.get("slots_path")
    template = Template(batching.library.template)
    server = Server(config["key"], batching, template, Path(folder) if folder else None)
    threading.Thread(target=server.serve_forever, name="serve", daemon=True).start()
    answer.write(json.dumps({"port": server.server_port}) + "\n")
    answer.flush()
    sys.stdin.read()
    # Threads in the library would outlive an ordinary exit.
    os._exit(0)


if __name__ == "__main__":
    _main()
