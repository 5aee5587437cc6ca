"""A model in another packing: what is none is not taken for one."""

import struct
from pathlib import Path

import pytest

from jindou.models.catalogue.packed import NotPacked, write_gguf
from support.cached import fetch_model


@pytest.mark.parametrize(
    "content",
    [
        b"GGUF" + bytes(100),
        b"E5S1" + bytes(4),
        b"E5S1" + struct.pack("<I7ifi", 1, 384, 12, 12, 1536, 9, 512, 2, 1e-12, 32),
        b"E5S1" + struct.pack("<I7ifi", 1, 384, 12, 12, 1536, 9, 512, 2, 1e-12, 32) + b"\xff" * 400,
        b"E5S1" + struct.pack("<I7ifi", 1, -384, 12, 12, 1536, 9, 512, 2, 1e-12, 64) + bytes(400),
    ],
)
def test_bytes_that_are_no_packed_model_are_refused(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "packed.bin"
    source.write_bytes(content)
    with pytest.raises(NotPacked):
        write_gguf(source, tmp_path / "made.gguf")


def test_the_file_that_is_made_is_the_one_that_the_entry_names(models_dir: Path) -> None:
    made = fetch_model("multilingual-e5-small")
    assert made.name == "multilingual-e5-small-q4_0-68ceffb63be0.gguf"
    assert not list(models_dir.glob("*.packed"))
