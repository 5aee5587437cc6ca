"""The header of a GGUF file, read without the library: what a model is, before anything is loaded.

The form is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3. A file comes from
anybody, so every length is held against what the file has.
"""

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from jindou.errors import Invalid

__all__ = ["Header", "NotGguf", "read_header"]

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_MOST_KEYS: Final = 10_000
_LONGEST_TEXT: Final = 4 << 20
_LONGEST_ARRAY: Final = 4_000_000
_KEPT_ITEMS: Final = 1024
_STRING: Final = 8
_ARRAY: Final = 9
_PLAIN: Final[Mapping[int, struct.Struct]] = {
    kind: struct.Struct(f"<{letter}")
    for kind, letter in {
        0: "B",
        1: "b",
        2: "H",
        3: "h",
        4: "I",
        5: "i",
        6: "f",
        7: "?",
        10: "Q",
        11: "q",
        12: "d",
    }.items()
}
_FILE_TYPES: Final[Mapping[int, str]] = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
}


class NotGguf(Invalid):
    """The file is no GGUF file, or one that nothing here can read."""

    code = "not_gguf"


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself. Numbers that it does not say are 0, and texts are empty."""

    version: int
    architecture: str
    name: str
    quantisation: str
    licence: str
    size_label: str
    context_tokens: int
    layers: int
    kv_layers: int
    heads: int
    kv_heads: int
    head_dim: int
    embedding_length: int
    chat_template: str
    tensors: int
    parts: int
    is_adapter: bool


def read_header(path: Path) -> Header:
    """Return the header of the file at `path`.

    Raises:
        NotGguf: it has none, a damaged one, or one of a version that is not known.
    """
    try:
        with path.open("rb") as file:
            version, tensors, found = _Reader(file).read()
    except OSError as error:
        raise NotGguf(f"{path} can't be read ({error.strerror}).", field="path", rule="readable") from None
    except (_Damaged, UnicodeDecodeError, struct.error) as error:
        raise NotGguf(f"{path.name} is no GGUF file: {error}.", field="path", rule="GGUF") from None
    return _header(version, tensors, found)


def _header(version: int, tensors: int, found: Mapping[str, Any]) -> Header:
    architecture = _text(found.get("general.architecture"))

    def number(key: str) -> int:
        return _number(found.get(f"{architecture}.{key}"))

    heads = number("attention.head_count")
    layers = max(number("block_count") - number("nextn_predict_layers"), 0)
    per_layer: Any = found.get(f"{architecture}.attention.head_count_kv")
    values = cast("list[Any]", per_layer) if isinstance(per_layer, list) else []
    spread = [heads_of for heads_of in map(_number, values) if heads_of]
    interval = number("full_attention_interval") or 1
    length = number("embedding_length")
    return Header(
        version=version,
        architecture=architecture,
        name=_text(found.get("general.name")),
        quantisation=_FILE_TYPES.get(_number(found.get("general.file_type"), -1), "unknown"),
        licence=_text(found.get("general.license")),
        size_label=_text(found.get("general.size_label")),
        context_tokens=number("context_length"),
        layers=layers,
        kv_layers=len(spread) if spread else layers // interval,
        heads=heads,
        kv_heads=max(spread) if spread else _number(cast("object", per_layer)) or heads,
        head_dim=number("attention.key_length") or (length // heads if heads else 0),
        embedding_length=length,
        chat_template=_text(found.get("tokenizer.chat_template")),
        tensors=tensors,
        parts=_number(found.get("split.count")) or 1,
        is_adapter=_text(found.get("general.type")) not in {"", "model"},
    )


def _number(value: object, otherwise: int = 0) -> int:
    if isinstance(value, list):
        return _number(next(iter(cast("list[object]", value)), None), otherwise)
    return value if isinstance(value, int) and value >= 0 else otherwise


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class _Damaged(Exception):
    """What is wrong with the bytes, in words that end a sentence."""


class _Reader:
    """Reads values one after the other, and never more than the file has."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = os.fstat(file.fileno()).st_size

    def read(self) -> tuple[int, int, dict[str, Any]]:
        """Return the version, how many tensors there are, and every key that is kept."""
        if self._take(4) != _MAGIC:
            raise _Damaged("it does not begin with the letters GGUF")
        version = self._plain(4)
        if version not in _VERSIONS:
            raise _Damaged(f"it has version {version}, and versions 2 and 3 can be read")
        tensors, keys = self._plain(10), self._plain(10)
        if keys > _MOST_KEYS:
            raise _Damaged(f"it claims to have {keys} keys")
        found: dict[str, Any] = {}
        for _ in range(keys):
            key = self._string()
            found[key] = self._value(self._plain(4))
        return version, tensors, found

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._plain(kind)
        inner, count = self._plain(4), self._plain(10)
        if count > _LONGEST_ARRAY:
            raise _Damaged(f"it has a list of {count} values")
        if inner in _PLAIN and count > _KEPT_ITEMS:
            self._skip(_PLAIN[inner].size * count)
            return []
        if inner == _ARRAY:
            raise _Damaged("it has a list of lists")
        # Each is read, to know where the next begins; of a vocabulary nothing is kept.
        return [value for value in (self._value(inner) for _ in range(count)) if count <= _KEPT_ITEMS]

    def _string(self) -> str:
        length = self._plain(10)
        if length > _LONGEST_TEXT:
            raise _Damaged(f"it has a text of {length} bytes")
        return self._take(length).decode("utf-8", errors="replace")

    def _plain(self, kind: int) -> Any:
        if kind not in _PLAIN:
            raise _Damaged(f"it has a value of kind {kind}, which does not exist")
        form = _PLAIN[kind]
        return form.unpack(self._take(form.size))[0]

    def _take(self, length: int) -> bytes:
        if length > self._left:
            raise _Damaged("it ends in the middle of its header")
        self._left -= length
        return self._file.read(length)

    def _skip(self, length: int) -> None:
        if length > self._left:
            raise _Damaged("it ends in the middle of its header")
        self._left -= length
        self._file.seek(length, os.SEEK_CUR)
