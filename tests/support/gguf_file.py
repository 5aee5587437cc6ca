"""GGUF files as small as they can be."""

import struct
from collections.abc import Mapping
from pathlib import Path

__all__ = ["KEYS", "write_gguf"]

KEYS: Mapping[str, object] = {
    "general.architecture": "qwen3",
    "general.name": "My Own Model",
    "general.file_type": 15,
    "general.license": "apache-2.0",
    "general.size_label": "0.6B",
    "qwen3.context_length": 4096,
    "qwen3.block_count": 4,
    "qwen3.attention.head_count": 8,
    "qwen3.attention.head_count_kv": 2,
    "qwen3.attention.key_length": 16,
    "qwen3.embedding_length": 128,
    "tokenizer.ggml.tokens": ["a", "b", "c"],
    "tokenizer.chat_template": "{% if tools %}tool_calls{% endif %}",
}


def write_gguf(path: Path, changes: Mapping[str, object] | None = None, *, version: int = 3, weights: int = 64) -> Path:
    """Write a file with `KEYS`, changed; None leaves a key out. `weights` are how many bytes follow the header."""
    keys = {name: value for name, value in {**KEYS, **(changes or {})}.items() if value is not None}
    body = b"".join(_string(name) + _value(value) for name, value in keys.items())
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", version, 1, len(keys)) + body + bytes(weights))
    return path


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: object) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _string(value)
    assert isinstance(value, list)
    items: list[object] = list(value)  # pyright: ignore[reportUnknownArgumentType]
    kind = 8 if items and isinstance(items[0], str) else 4
    body = b"".join(_value(item)[4:] for item in items)
    return struct.pack("<IIQ", 9, kind, len(items)) + body
