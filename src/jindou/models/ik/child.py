"""The process that holds ik_llama.cpp: ``python -m jindou.models.ik.child``.

It is talked to as `jindou.models.engines.llamacpp_child` is, and answers as a llama.cpp server does, as far as an
engine and a gateway ask it: chat templates, completions, tokens, slots, and plain chat completions.
"""

import threading
from pathlib import Path
from typing import Any, Final

from jindou.models.children import host
from jindou.models.ik.batching import Batching
from jindou.models.ik.library import Library
from jindou.models.ik.serving import Server
from jindou.models.ik.template import Template

__all__: list[str] = []

_BATCH: Final = 256
"""Tokens read at a time. A cancelled batch is given up in the middle, so that it need not be small for that."""


def _serve(config: dict[str, Any]) -> tuple[int, object]:
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
    return server.server_port, server


if __name__ == "__main__":
    host(_serve)
