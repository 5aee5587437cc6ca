"""The weights: what is no packed model is not taken for one."""

import struct
from pathlib import Path

import pytest

from jindou.models.catalogue import ModelUnavailable
from jindou.models.embeddings.e5_gguf import NotPacked, write_gguf
from jindou.models.embeddings.weights import find_weights, pull_weights


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


def test_the_made_file_is_the_one_that_the_entry_names(weights: Path, models_dir: Path) -> None:
    assert find_weights(models_dir) == weights
    assert weights.name == "multilingual-e5-small-q4_0-68ceffb63be0.gguf"


def test_offline_nothing_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="JINDOU_OFFLINE"):
        pull_weights(tmp_path, timeout=1.0, offline=True, report=lambda _: None)
