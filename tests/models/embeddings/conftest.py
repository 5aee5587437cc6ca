"""The real embedding model in its child process, once for all tests."""

from collections.abc import Generator
from pathlib import Path

import pytest

from jindou.models.embeddings.known import E5_SMALL
from jindou.models.embeddings.local import EmbeddingChild, LocalEmbedder
from support.cached import fetch_model


@pytest.fixture(scope="session")
def weights() -> Path:
    return fetch_model("multilingual-e5-small")


@pytest.fixture(scope="session")
def child(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[EmbeddingChild]:
    folder = tmp_path_factory.mktemp("embeddings")
    child = EmbeddingChild(E5_SMALL, lambda: weights, 1, folder / "embeddings.log", folder / "embeddings.json")
    yield child
    child.stop()


@pytest.fixture(scope="session")
def embedder(child: EmbeddingChild) -> LocalEmbedder:
    embedder = LocalEmbedder(E5_SMALL, child.address)
    embedder.load()
    return embedder
