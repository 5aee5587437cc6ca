"""The process that holds an embedding model: ``python -m jindou.models.embeddings.llamacpp_child``."""

import importlib
from typing import Any, Final
from urllib.parse import urlsplit

from jindou.models.children import host

__all__: list[str] = []

_LLAMA: Final[Any] = importlib.import_module("xllamacpp")
"""The library, which has no types."""


def _serve(config: dict[str, Any]) -> tuple[int, object]:
    server: Any = _LLAMA.Server(_params(config))
    return int(urlsplit(str(server.listening_address)).port or 0), server


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


if __name__ == "__main__":
    host(_serve)
