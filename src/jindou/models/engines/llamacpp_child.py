"""The process that holds llama.cpp: ``python -m jindou.models.engines.llamacpp_child``."""

import importlib
from typing import Any, Final
from urllib.parse import urlsplit

from jindou.models.children import host

__all__: list[str] = []

_LLAMA: Final[Any] = importlib.import_module("xllamacpp")
"""The library, which has no types."""

_PROMPT_BATCH: Final = 128
"""Tokens read at a time: small enough that a cancelled prompt ends within two seconds on a slow machine."""

_PROMPT_CACHE_MIB: Final = 512


def _serve(config: dict[str, Any]) -> tuple[int, object]:
    server: Any = _LLAMA.Server(_params(config))
    return int(urlsplit(str(server.listening_address)).port or 0), server


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


if __name__ == "__main__":
    host(_serve)
