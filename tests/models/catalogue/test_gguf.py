"""The header of a GGUF file is read as far as a catalogue needs it, and nothing in it is believed."""

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jindou.models.catalogue.gguf import NotGguf, read_header
from support.gguf_file import write_gguf


def test_a_header_tells_what_the_model_is(tmp_path: Path) -> None:
    header = read_header(write_gguf(tmp_path / "a.gguf"))
    assert (header.version, header.architecture, header.name, header.quantisation) == (
        3,
        "qwen3",
        "My Own Model",
        "Q4_K_M",
    )
    assert (header.context_tokens, header.layers, header.kv_layers, header.kv_heads, header.head_dim) == (
        4096,
        4,
        4,
        2,
        16,
    )
    assert (header.licence, header.size_label, header.embedding_length, header.parts) == ("apache-2.0", "0.6B", 128, 1)
    assert "tool_calls" in header.chat_template


def test_the_real_model_has_the_numbers_of_its_entry(small_model: Path) -> None:
    header = read_header(small_model)
    assert (header.layers, header.kv_heads, header.head_dim, header.context_tokens) == (24, 2, 64, 32768)
    assert header.quantisation == "Q4_K_M"


def test_layers_of_a_hybrid_model_that_keep_no_keys_are_not_counted(tmp_path: Path) -> None:
    every_fourth = {"qwen3.full_attention_interval": 4, "qwen3.block_count": 9, "qwen3.nextn_predict_layers": 1}
    assert read_header(write_gguf(tmp_path / "a.gguf", every_fourth)).kv_layers == 2
    by_layer = {"qwen3.attention.head_count_kv": [0, 0, 0, 2]}
    header = read_header(write_gguf(tmp_path / "b.gguf", by_layer))
    assert (header.layers, header.kv_layers, header.kv_heads) == (4, 1, 2)


def test_without_a_key_length_it_is_the_share_of_a_head(tmp_path: Path) -> None:
    assert read_header(write_gguf(tmp_path / "a.gguf", {"qwen3.attention.key_length": None})).head_dim == 16


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "ends in the middle"),
        (b"PK\x03\x04 a zip", "letters GGUF"),
        (b"GGUF" + struct.pack("<I", 1), "version 1"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1 << 40), "keys"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1 << 60), "text of"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1) + b"a" + struct.pack("<I", 99), "kind 99"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1) + b"a" + struct.pack("<IIQ", 9, 4, 1 << 50), "list of"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1) + b"a" + struct.pack("<IIQ", 9, 9, 1), "list of lists"),
    ],
)
def test_what_is_no_gguf_file_is_named_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(content)
    with pytest.raises(NotGguf, match=said) as caught:
        read_header(path)
    assert "\n" not in str(caught.value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 400), at=st.integers(4, 400), byte=st.integers(0, 255))
def test_a_damaged_header_never_ends_in_anything_else(tmp_path: Path, cut: int, at: int, byte: int) -> None:
    path = write_gguf(tmp_path / "a.gguf", weights=0)
    content = bytearray(path.read_bytes())
    content[at % len(content)] = byte
    path.write_bytes(content[: len(content) - cut])
    with suppress(NotGguf):
        read_header(path)
